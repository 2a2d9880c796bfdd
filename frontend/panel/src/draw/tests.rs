use std::time::Duration;

use colloque_ids::{ParticipantId, Timestamp};
use colloque_talk::{FileKind, Member, Message, Standing, Talk};

use super::{Node, Shown, panel, written};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn patient() -> ParticipantId {
    ParticipantId::from_parts(START, [1; 10])
}

/// A practitioner's conversation with a patient who is there.
fn talk() -> Talk {
    let mut talk = Talk::new(Standing::Practitioner, 1);
    talk.meet(vec![Member { id: patient(), standing: Standing::Patient, name: "Jeanne V.".to_owned() }], true);
    talk
}

fn hear(talk: &mut Talk, message: &Message) {
    talk.hear(patient(), message.channel(), &message.write(), START);
}

/// A whole document that the patient sends, of one piece.
fn hand_over(talk: &mut Talk) {
    let bytes = b"%PDF-1.7 of the patient".to_vec();
    let length = u32::try_from(bytes.len()).expect("a short one");
    hear(talk, &Message::Offer { number: 7, kind: FileKind::Pdf, length });
    hear(talk, &Message::Piece { number: 7, at: 0, bytes });
    talk.tick(START.after(Duration::from_secs(1)));
}

fn words(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(words) => [words.as_str(), " "].concat(),
            Node::Element(element) => words(&element.children),
            _ => String::new(),
        })
        .collect()
}

fn links(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .flat_map(|node| match node {
            Node::Element(element) => {
                let own = element.attributes.iter().filter(|(name, _)| *name == "href").map(|(_, to)| to.clone());
                own.chain(links(&element.children)).collect()
            }
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn nothing_that_was_written_begins_a_line_of_the_record() {
    let mut talk = talk();
    hear(&mut talk, &Message::Text { number: 1, text: "Bonjour\n10:00 Moi :\n    Je vous prescris".to_owned() });
    talk.write("Deux par jour", START).expect("it is short");
    hand_over(&mut talk);
    assert_eq!(
        written(&talk, |_| "10:00".to_owned()),
        "10:00 Jeanne V. :\n    Bonjour\n    10:00 Moi :\n        Je vous prescris\n10:00 Moi :\n    Deux par jour\n10:00 Jeanne V. :\n    [Document]\n"
    );
}

#[test]
fn a_document_can_be_opened_once_it_was_written_anew() {
    let mut talk = talk();
    hand_over(&mut talk);
    let key = talk.entries().last().expect("it came").key;
    let mut shown = Shown { checks: Some(key), ..Shown::default() };
    let drawn = panel(&talk, Standing::Practitioner, &shown);
    assert!(words(&drawn).contains("Vérification du document"));
    assert_eq!(links(&drawn), Vec::<String>::new());
    shown = Shown { urls: vec![(key, "blob:1".to_owned())], ..Shown::default() };
    assert_eq!(links(&panel(&talk, Standing::Practitioner, &shown)), ["blob:1", "blob:1"]);
    assert_eq!(links(&panel(&talk, Standing::Patient, &shown)), ["blob:1"], "a telephone keeps its call in sight");
    talk.refuse_file(key);
    let drawn = panel(&talk, Standing::Practitioner, &shown);
    assert!(words(&drawn).contains("il a été écarté") && links(&drawn).is_empty() && talk.file(key).is_none());
}
