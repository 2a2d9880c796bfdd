//! A person's own account: first password, codes, passkeys.

mod activation;
mod passkeys;
mod password;
mod totp;

use crate::http::{ALL_STAFF, Access, Routes};

pub(crate) use activation::{Activations, LINK_LIFETIME, activation_link};
pub(crate) use password::{MAX_CHARS as MAX_PASSWORD_CHARS, weakness};

/// The routes of one's own account.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/api/activation/redeem", Access::Anyone, activation::redeem)
        .post("/api/account/totp/start", Access::FirstFactor, totp::start)
        .post("/api/account/totp/finish", Access::FirstFactor, totp::finish)
        .post("/api/account/passkeys/start", Access::Staff(ALL_STAFF), passkeys::start)
        .post("/api/account/passkeys/finish", Access::Staff(ALL_STAFF), passkeys::finish)
        .get("/api/account/passkeys", Access::Staff(ALL_STAFF), passkeys::list)
        .delete("/api/account/passkeys/{id}", Access::Staff(ALL_STAFF), passkeys::remove)
}
