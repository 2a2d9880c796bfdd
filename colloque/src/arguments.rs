//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Consultation médicale par vidéo.
#[derive(Debug, Parser)]
#[command(name = "colloque", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Démarre la plate-forme.
    Serve(ServeArguments),
    /// Gère le cabinet de cette installation.
    #[command(subcommand)]
    Practice(PracticeCommand),
}

/// What is done with the practice.
#[derive(Debug, Subcommand)]
pub enum PracticeCommand {
    /// Crée le cabinet et son premier administrateur ; affiche le lien d'activation.
    Create(CreatePracticeArguments),
}

/// The practice and its first administrator.
#[derive(Debug, Args)]
pub struct CreatePracticeArguments {
    /// Where the installation is.
    #[command(flatten)]
    pub serve: ServeArguments,
    /// Nom du cabinet, comme sur une ordonnance.
    #[arg(long)]
    pub name: String,
    /// Numéro et rue.
    #[arg(long)]
    pub street: String,
    /// Code postal.
    #[arg(long)]
    pub postal_code: String,
    /// Ville.
    #[arg(long)]
    pub city: String,
    /// Téléphone, sous la forme +33123456789.
    #[arg(long)]
    pub phone: String,
    /// Numéro FINESS, s'il y en a un.
    #[arg(long)]
    pub finess: Option<String>,
    /// Nom de l'administrateur.
    #[arg(long)]
    pub administrator_family_name: String,
    /// Prénom de l'administrateur.
    #[arg(long)]
    pub administrator_given_name: String,
    /// Adresse e-mail de l'administrateur.
    #[arg(long)]
    pub administrator_email: String,
}

/// How the platform starts. Each value overrides the configuration file.
#[derive(Debug, Default, Args)]
pub struct ServeArguments {
    /// Démonstration : personnes inventées, boîte aux lettres intégrée, certificat d'essai.
    #[arg(long)]
    pub demo: bool,
    /// Fichier de configuration (TOML), voir infra/colloque.toml.
    #[arg(long, env = "COLLOQUE_CONFIG")]
    pub config: Option<PathBuf>,
    /// Dossier des données.
    #[arg(long, env = "COLLOQUE_DATA")]
    pub data: Option<PathBuf>,
    /// Dossier des pages construites par `cargo xtask web`.
    #[arg(long, env = "COLLOQUE_WEB")]
    pub web: Option<PathBuf>,
    /// Adresse et port des pages (HTTPS).
    #[arg(long, env = "COLLOQUE_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Adresse et port du son et de l'image (UDP).
    #[arg(long, env = "COLLOQUE_MEDIA_LISTEN")]
    pub media_listen: Option<SocketAddr>,
    /// Adresse d'une base PostgreSQL existante, à la place de la base privée.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}
