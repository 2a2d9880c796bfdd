//! Reading the journal.

use std::time::Duration;

use colloque_protocol::http::journal::{JournalDetail, JournalPage, Outcome};
use colloque_protocol::http::session::PasswordSignIn;

use crate::stage::Stage;

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat_while_lines_are_added() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let total = stage.journal().len();
    let mut seen = vec![];
    let mut path = "/api/journal?limit=4".to_owned();
    loop {
        let page: JournalPage = administrator.get(&path).await.json();
        assert!(page.lines.len() <= 4);
        seen.extend(page.lines.iter().map(|line| line.sequence));
        let Some(next) = page.next else { break };
        path = format!("/api/journal?limit=4&cursor={next}");
    }
    assert_eq!(seen.len(), total);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
    assert_eq!(stage.count("journal_read"), total.div_ceil(4));
}

#[tokio::test]
async fn filters_add_up() {
    let stage = Stage::new().await;
    let [claire, .., paul] = stage.people().await;
    stage.clock.advance(Duration::from_secs(3_600));
    let wrong = PasswordSignIn { email: claire.email.clone(), password: "Wrong-1".to_owned() };
    stage.client().post("/api/session/password", &wrong).await.refused("wrong_credentials");
    let unknown = PasswordSignIn { email: "nobody@nowhere.example".to_owned(), password: "Wrong-1".to_owned() };
    stage.client().post("/api/session/password", &unknown).await.refused("wrong_credentials");
    let mut administrator = stage.signed_in(&paul).await;
    let mut lines = async |query: &str| {
        let page: JournalPage = administrator.get(&format!("/api/journal?limit=200&{query}")).await.json();
        page.lines
    };
    // The practice is alone on the platform: who tried an unknown address is its affair.
    let failures = lines("kind=sign_in_failed").await;
    assert_eq!(failures.len(), 2);
    assert!(failures.iter().all(|line| line.outcome == Outcome::Refused && line.actor == "Personne non identifiée"));
    assert_eq!(failures[0].from.as_deref(), Some("203.0.113.0/24"));
    assert_eq!(lines("outcome=refused").await.len(), 2);
    assert_eq!(lines("outcome=failed").await.len(), 0);
    let at = stage.clock.now().as_millis();
    assert_eq!(lines(&format!("until={at}&kind=sign_in_failed")).await.len(), 0);
    assert_eq!(lines(&format!("from={at}&kind=sign_in_failed")).await.len(), 2);
    let own = lines(&format!("person={}&kind=sign_in_succeeded", paul.staff.full())).await;
    assert_eq!((own.len(), own[0].actor.as_str(), own[0].actor_role.as_str()), (1, "Paul Girard", "administrator"));
    assert_eq!(own[0].label, "Connexion au compte");
    let again = lines(&format!("person={}&kind=sign_in_succeeded", own[0].person.as_deref().unwrap())).await;
    assert_eq!(again, own);
    assert_eq!(lines("person=P-0123456789abcdef").await.len(), 0);
    for (query, code) in [
        ("kind=nonsense", "malformed"),
        ("cursor=nonsense", "malformed"),
        ("outcome=nonsense", "malformed"),
        ("from=yesterday", "malformed"),
        ("person=%27%20OR%201=1", "invalid"),
    ] {
        administrator.get(&format!("/api/journal?{query}")).await.refused(code);
    }
}

#[tokio::test]
async fn a_detail_tells_the_event_and_is_itself_journaled() {
    let stage = Stage::new().await;
    let [.., paul] = stage.people().await;
    let mut administrator = stage.signed_in(&paul).await;
    let page: JournalPage = administrator.get("/api/journal?kind=sign_in_succeeded").await.json();
    let path = format!("/api/journal/{}", page.lines[0].event.full());
    let detail: JournalDetail = administrator.get(&path).await.json();
    assert_eq!(detail.line, page.lines[0]);
    assert_eq!(detail.sentence, "Paul Girard s’est connecté par mot de passe et code à usage unique.");
    assert!(detail.fields.contains(&("Instant".to_owned(), "23/11/2026 10:00:00".to_owned())), "{:?}", detail.fields);
    assert_eq!(stage.journal().last().unwrap(), "journal_event_read");
    let kinds: Vec<(String, String)> = administrator.get("/api/journal/kinds").await.json();
    assert!(kinds.contains(&("consultation_admitted".to_owned(), "Patient admis, consultation ouverte".to_owned())));
}

#[tokio::test]
async fn an_export_holds_every_line_and_is_itself_journaled() {
    let stage = Stage::new().await;
    let [claire, .., paul] = stage.people().await;
    stage.psql(&format!(
        "UPDATE professionals.staff SET given_name = '=1+1', title = NULL WHERE email = '{}'",
        claire.email
    ));
    let mut administrator = stage.signed_in(&paul).await;
    let total = stage.journal().len();
    let answer = administrator.get("/api/journal/export").await.ok();
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    let text = answer.text();
    let mut rows =
        csv::ReaderBuilder::new().delimiter(b';').from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), total);
    assert!(rows.iter().any(|row| &row[5] == "'=1+1 Martin"));
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    assert_eq!(stage.journal().last().unwrap(), "journal_exported");
}

#[tokio::test]
async fn another_practice_sees_nothing_of_it() {
    let stage = Stage::new().await;
    let mut stranger = stage.other_practice().await;
    let [claire, ..] = stage.people().await;
    let mut doctor = stage.signed_in(&claire).await;
    let ours = stage.psql(&format!("SELECT event FROM journal.event WHERE actor = '{}' LIMIT 1", claire.staff.full()));
    stranger.get(&format!("/api/journal/{}", ours.trim())).await.refused("not_found");
    let page: JournalPage = stranger.get("/api/journal?limit=200").await.json();
    assert!(!page.lines.is_empty());
    assert!(page.lines.iter().all(|line| line.actor == "Anne Le Goff" || line.actor == "Colloque"), "{:?}", page.lines);
    assert!(!stranger.get("/api/journal/export").await.ok().text().contains("Martin"));
    doctor.get("/api/journal").await.refused("not_found");
}
