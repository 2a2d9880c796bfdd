//! One bundle: WebAssembly and glue, the files that its shell names, the shell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::asset::{Asset, Assets, style_source};
use super::manifest::BuiltBundle;
use super::names::count_names;
use super::template::{expand, shrink_style};
use super::{BuildWebError, Bundle, read, write};
use crate::command::run;
use crate::workspace;

/// Folder of the pages without WebAssembly.
const PLAIN_PAGES: &str = "colloque/pages";

/// `-O2 -s 1`, because brotli packs its result better than that of `-Os` or `-Oz`: the patient's page by 0.6 %, and with equal
/// ends of branches folded, until nothing changes any more, by another 0.2 %. Long functions that are called once stay by themselves and
/// locals are numbered by use: another 0.6 %, of the worker 8 %. No pointer of ours
/// comes to lie in the first kilobyte by wrapping around, so what is added to one may be part of the load. And the features that the
/// compiler emits, all known to Safari 15 and later. Never `--all-features`: its compact imports are refused by browsers.
const OPTIMISER_FLAGS: [&str; 16] = [
    "-O2",
    "-s",
    "1",
    "--code-folding",
    "--converge",
    "--one-caller-inline-max-function-size=40",
    "--reorder-locals",
    "--low-memory-unused",
    "--strip-debug",
    "--strip-producers",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds one bundle from the compiled `.wasm` files in `binaries`.
pub fn build(bundle: Bundle, binaries: &Path, quick: bool, assets: &mut Assets) -> Result<BuiltBundle, BuildWebError> {
    let name = bundle.name();
    println!("{name}: making the glue, optimising and packing");
    let folder = format!("frontend/{name}");
    let mut files = Files { name, folder: &folder, assets, known: BTreeMap::new(), open: BTreeSet::new() };
    files.store_code(&binaries.join(format!("colloque_{name}.wasm")), quick)?;
    match bundle.script() {
        Some(script) => files.finish_script(script),
        None => files.finish(&format!("{folder}/shell.html")),
    }
}

/// Builds the pages without WebAssembly and gives each by its name.
pub fn build_plain_pages(assets: &mut Assets) -> Result<Vec<(String, BuiltBundle)>, BuildWebError> {
    let folder = workspace::root().join(PLAIN_PAGES);
    let list = fs::read_dir(&folder).map_err(|source| BuildWebError::Read { path: folder.clone(), source })?;
    let mut built = Vec::new();
    for file in list.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()) {
        let Some(name) = file.strip_suffix(".html") else { continue };
        let files = Files { name, folder: PLAIN_PAGES, assets, known: BTreeMap::new(), open: BTreeSet::new() };
        built.push((name.to_owned(), files.finish(&format!("{PLAIN_PAGES}/{file}"))?));
    }
    Ok(built)
}

/// Gives the text of every inline style, exactly as a browser hashes it.
fn inline_styles(shell: &str) -> impl Iterator<Item = &str> {
    shell.split("<style>").skip(1).filter_map(|after| after.split_once("</style>")).map(|(style, _)| style)
}

/// The files of one bundle, stored when something names them.
struct Files<'a> {
    name: &'a str,
    /// Folder of its sources in the checkout.
    folder: &'a str,
    assets: &'a mut Assets,
    known: BTreeMap<String, Asset>,
    /// Files whose own placeholders are being filled.
    open: BTreeSet<String>,
}

impl Files<'_> {
    /// Fills the shell and stores it with everything that it names.
    fn finish(mut self, template: &str) -> Result<BuiltBundle, BuildWebError> {
        let text = text_of(&workspace::root().join(template))?;
        let shell = expand(template, &text, true, |what, file| match what {
            "inline-css" => Ok(Some(shrink_style(&self.text(template, file)?))),
            _ => self.fill(template, what, file),
        })?;
        let styles = inline_styles(&shell).map(style_source).collect();
        let shell_path = format!("shells/{}.html", self.name);
        let on_disk = self.assets.out().join(&shell_path);
        fs::create_dir_all(on_disk.parent().unwrap_or(Path::new(".")))
            .map_err(|source| BuildWebError::Write { path: on_disk.clone(), source })?;
        write(&on_disk, shell.as_bytes())?;
        let shell_br_bytes = self.assets.pack(shell.as_bytes()).len();
        Ok(BuiltBundle { shell: shell_path, shell_br_bytes, styles, files: self.known })
    }

    /// Stores the script that starts a bundle without a page.
    fn finish_script(mut self, file: &'static str) -> Result<BuiltBundle, BuildWebError> {
        let script = self.named("manifest", file)?;
        self.assets.set_script(file, script);
        Ok(BuiltBundle { shell: String::new(), shell_br_bytes: 0, styles: Vec::new(), files: self.known })
    }

    /// Makes the glue, optimises the WebAssembly and stores both.
    fn store_code(&mut self, binary: &Path, quick: bool) -> Result<(), BuildWebError> {
        let name = self.name;
        let glue_error = |reason: String| BuildWebError::Glue { bundle: name.to_owned(), reason };
        let mut bindgen = Bindgen::new();
        bindgen.input_path(binary).out_name(name).remove_name_section(true).remove_producers_section(true);
        bindgen.web(true).map_err(|error| glue_error(format!("{error:#}")))?;
        let mut output = bindgen.generate_output().map_err(|error| glue_error(format!("{error:#}")))?;
        if !output.npm_dependencies().is_empty() {
            return Err(glue_error("it asks for npm packages".to_owned()));
        }

        let mut wasm = output.wasm_mut().emit_wasm();
        let mut glue = output.js().to_owned();
        count_names(&mut wasm, &mut glue);
        let wasm = if quick { wasm } else { optimise(&wasm, binary)? };
        self.store(&format!("{name}.wasm"), &wasm)?;

        let inline = output.snippets().iter().flat_map(|(crate_name, scripts)| {
            scripts.iter().enumerate().map(move |(at, script)| (format!("{crate_name}/inline{at}.js"), script))
        });
        let local = output.local_modules().iter().map(|(path, script)| (path.clone(), script));
        for (path, script) in inline.chain(local) {
            let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
            let asset = self.store(&format!("{name}-{file}"), script.as_bytes())?;
            glue = glue.replace(&format!("./snippets/{path}"), &asset.path);
        }
        self.store(&format!("{name}.js"), glue.as_bytes())?;
        Ok(())
    }

    fn fill(&mut self, template: &str, what: &str, file: &str) -> Result<Option<String>, BuildWebError> {
        match what {
            "asset" => Ok(Some(self.named(template, file)?.path)),
            "sri" => Ok(Some(self.named(template, file)?.sri)),
            "script" => Ok(self.assets.script(file).map(|script| script.path.clone())),
            _ => Ok(None),
        }
    }

    /// Gives a file of the bundle, storing it and what it names the first time.
    fn named(&mut self, template: &str, file: &str) -> Result<Asset, BuildWebError> {
        if let Some(asset) = self.known.get(file) {
            return Ok(asset.clone());
        }
        if !self.open.insert(file.to_owned()) {
            return Err(BuildWebError::Circle { file: file.to_owned() });
        }
        let is_text = [".js", ".mjs", ".css", ".svg", ".html"].iter().any(|ending| file.ends_with(ending));
        let content = if is_text {
            let text = self.text(template, file)?;
            let text = expand(file, &text, false, |what, name| self.fill(file, what, name))?;
            if file.ends_with(".css") { shrink_style(&text).into_bytes() } else { text.into_bytes() }
        } else {
            read(&self.find(template, file)?)?
        };
        self.open.remove(file);
        self.store(file, &content)
    }

    fn store(&mut self, file: &str, content: &[u8]) -> Result<Asset, BuildWebError> {
        let asset = self.assets.store(file, content)?;
        self.known.insert(file.to_owned(), asset.clone());
        Ok(asset)
    }

    fn text(&self, template: &str, file: &str) -> Result<String, BuildWebError> {
        text_of(&self.find(template, file)?)
    }

    /// Looks for a file in the bundle's folder, then among the shared ones.
    fn find(&self, template: &str, file: &str) -> Result<PathBuf, BuildWebError> {
        let bundle = workspace::root().join(self.folder);
        let kit = workspace::root().join("frontend/kit");
        [bundle.join(file), bundle.join("assets").join(file), kit.join(file), kit.join("assets").join(file)]
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| BuildWebError::UnknownFile { template: template.to_owned(), file: file.to_owned() })
    }
}

/// Makes the WebAssembly smaller with the npm package `binaryen`, which takes most of a build's time: what it made of the same
/// input before is used again.
fn optimise(wasm: &[u8], beside: &Path) -> Result<Vec<u8>, BuildWebError> {
    let npm = workspace::root().join("xtask/npm");
    let optimiser = npm.join("node_modules/binaryen/bin/wasm-opt");
    if !optimiser.exists() {
        return Err(BuildWebError::NoOptimiser);
    }
    let mut cause = Sha256::new_with_prefix(wasm);
    cause.update(OPTIMISER_FLAGS.join(" "));
    cause.update(read(&npm.join("package-lock.json"))?);
    let cause = cause.finalize();
    let (before, after) = (beside.with_extension("bindgen.wasm"), beside.with_extension("optimised.wasm"));
    let mark = beside.with_extension("optimised.cause");
    if fs::read(&mark).is_ok_and(|kept| kept == cause.as_slice()) {
        return read(&after);
    }
    // An interrupted build leaves no mark beside half a file.
    let _ = fs::remove_file(&mark);
    write(&before, wasm)?;
    run(Command::new("node").arg(optimiser).args(OPTIMISER_FLAGS).arg("-o").arg(&after).arg(&before))?;
    write(&mark, &cause)?;
    read(&after)
}

fn text_of(path: &Path) -> Result<String, BuildWebError> {
    String::from_utf8(read(path)?).map_err(|error| BuildWebError::Read {
        path: path.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inline_style_is_found_as_it_stands() {
        let shell = "<head><style>a{}b{}</style><style> c{}\n</style></head><p>style</p>";
        assert_eq!(inline_styles(shell).collect::<Vec<_>>(), ["a{}b{}", " c{}\n"]);
    }
}
