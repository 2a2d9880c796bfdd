use std::time::Duration;

use colloque_talk::{
    Answer, Channel, Delivery, FileKind, FileState, MAX_ENTRIES, MAX_FILE_BYTES, MAX_TEXT_CHARS, Message, PIECE_BYTES,
    Question, SEND_LIVE_EVERY, SendFileError, Standing, Talk, What, WriteError,
};
use proptest::prelude::*;

use crate::room::{Room, START, STEP, person, photo};

#[test]
fn channels_have_the_numbers_that_they_have_inside_the_group() {
    use colloque_e2ee::Channel as Sealed;
    let pairs = [
        (Channel::Chat, Sealed::Chat),
        (Channel::RealTimeText, Sealed::RealTimeText),
        (Channel::File, Sealed::File),
        (Channel::Answers, Sealed::Answers),
    ];
    for (here, sealed) in pairs {
        assert_eq!(here as u8, sealed as u8);
    }
    assert_eq!(pairs.len(), Channel::ALL.len());
}

#[test]
fn a_message_is_shown_once_and_known_to_be_there() {
    let mut room = Room::two();
    room.talk(0).write("  Bonjour, m'entendez-vous ?\n", START).unwrap();
    assert_eq!(room.texts(0), [("Bonjour, m'entendez-vous ?".to_owned(), Delivery::OnItsWay)]);
    room.pass(Duration::from_secs(1));
    let there = [("Bonjour, m'entendez-vous ?".to_owned(), Delivery::Delivered)];
    assert_eq!([room.texts(0), room.texts(1)], [there.clone(), there]);
    let entry = room.people[1].1.entries().next().unwrap().clone();
    assert_eq!((entry.from, entry.name.as_str()), (Some(person(1)), "Personne 1"));
}

#[test]
fn what_is_lost_is_sent_again_and_shown_once() {
    let mut room = Room::two();
    room.lose_one_in = 3;
    for number in 0..5 {
        room.talk(number % 2).write(&number.to_string(), START).unwrap();
        room.pass(Duration::from_millis(300));
    }
    room.pass(Duration::from_secs(40));
    assert!([0, 1].into_iter().all(|at| room.texts(at).len() == 5), "{:?}", room.texts(0));
    assert!([0, 1].into_iter().flat_map(|at| room.texts(at)).all(|(_, delivery)| delivery == Delivery::Delivered));
}

#[test]
fn what_nobody_takes_is_told_and_can_be_sent_again() {
    let mut room = Room::two();
    room.lose_one_in = 1;
    room.talk(0).write("Allô", START).unwrap();
    room.pass(Duration::from_secs(60));
    assert_eq!(room.texts(0)[0].1, Delivery::NotDelivered);
    room.lose_one_in = u64::MAX;
    let key = room.people[0].1.entries().next().unwrap().key;
    room.talk(0).try_again(key);
    room.pass(Duration::from_secs(1));
    assert_eq!(room.texts(0)[0].1, Delivery::Delivered);
    assert_eq!(room.texts(1).len(), 1);
}

#[test]
fn what_is_written_alone_waits_for_somebody() {
    let mut room = Room::two();
    room.meet(1);
    room.talk(0).write("Je suis là", START).unwrap();
    room.pass(Duration::from_secs(120));
    assert_eq!((room.texts(0)[0].1, room.said), (Delivery::OnItsWay, 0));
    room.meet(2);
    room.pass(Duration::from_secs(1));
    assert_eq!(room.texts(1), [("Je suis là".to_owned(), Delivery::Delivered)]);
}

#[test]
fn nothing_leaves_that_would_not_be_sealed() {
    let mut room = Room::two();
    let patient = vec![room.people[1].0.clone()];
    room.talk(0).meet(patient, false);
    room.talk(0).write("secret", START).unwrap();
    room.talk(0).show_typing(true);
    room.talk(0).type_line("secret");
    room.pass(Duration::from_secs(30));
    assert!(room.texts(1).is_empty());
    assert_eq!(room.talk(0).send_file(FileKind::Jpeg, photo(100), START), Err(SendFileError::NobodyThere));
}

#[test]
fn empty_and_endless_messages_are_not_sent() {
    let mut room = Room::two();
    assert_eq!(room.talk(0).write(" \n ", START), Err(WriteError::Empty));
    assert_eq!(room.talk(0).write(&"é".repeat(MAX_TEXT_CHARS + 1), START), Err(WriteError::TooLong));
    room.talk(0).write(&"é".repeat(MAX_TEXT_CHARS), START).unwrap();
    room.pass(Duration::from_secs(1));
    assert_eq!(room.texts(1)[0].0.chars().count(), MAX_TEXT_CHARS);
}

#[test]
fn a_line_is_seen_while_it_is_typed_and_becomes_the_message() {
    let mut room = Room::two();
    room.talk(1).show_typing(true);
    for line in ["J", "J'ai", "J'ai ma", "J'ai mal"] {
        room.talk(1).type_line(line);
        room.pass(SEND_LIVE_EVERY);
        let shown: Vec<_> = room.people[0].1.lines().map(|line| line.line.to_owned()).collect();
        assert_eq!(shown, [line]);
    }
    room.talk(1).type_line("J'ai froid");
    room.pass(SEND_LIVE_EVERY);
    assert_eq!(room.people[0].1.lines().next().unwrap().line, "J'ai froid");
    let now = room.now;
    room.talk(1).write("J'ai froid", now).unwrap();
    room.pass(Duration::from_secs(1));
    assert_eq!(room.people[0].1.lines().count(), 0);
    assert_eq!(room.texts(0)[0].0, "J'ai froid");
}

#[test]
fn whoever_comes_later_sees_nothing_of_what_was_typed_before() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.meet(2);
    room.talk(1).show_typing(true);
    room.talk(1).type_line("entre nous");
    room.pass(Duration::from_secs(1));
    room.meet(3);
    room.talk(1).type_line("entre nous, et");
    room.pass(Duration::from_secs(1));
    assert_eq!(room.people[2].1.lines().next().unwrap().line, ", et");
    assert_eq!(room.people[0].1.lines().next().unwrap().line, "entre nous, et");
}

#[test]
fn what_was_meant_for_two_is_not_repeated_to_a_third() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.meet(2);
    room.lose_one_in = 1;
    room.talk(1).write("entre nous", START).unwrap();
    room.talk(1).send_file(FileKind::Jpeg, photo(9 * PIECE_BYTES), START).unwrap();
    room.pass(Duration::from_secs(1));
    room.meet(3);
    room.lose_one_in = u64::MAX;
    room.pass(Duration::from_secs(60));
    assert!(room.texts(2).is_empty() && room.files(2).is_empty());
    assert_eq!((room.texts(1)[0].1, room.files(1)[0].1), (Delivery::NotDelivered, FileState::Failed));
    // The person decides, now that they see who is there.
    let key = room.people[1].1.entries().next().unwrap().key;
    room.talk(1).try_again(key);
    room.pass(Duration::from_secs(1));
    assert_eq!((room.texts(0).len(), room.texts(2).len()), (1, 1));
}

#[test]
fn who_left_without_having_it_is_not_said_to_have_it() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.talk(1).write("pour le médecin", START).unwrap();
    let (channel, bytes) = room.talk(1).next_send(START).unwrap();
    room.talk(2).hear(person(2), channel, &bytes, START);
    let (channel, receipt) = room.talk(2).next_send(START).unwrap();
    room.talk(1).hear(person(3), channel, &receipt, START);
    // The practitioner goes before they have it.
    let guest = vec![room.people[2].0.clone()];
    room.talk(1).meet(guest, true);
    room.talk(1).tick(START);
    assert_eq!(room.texts(1)[0].1, Delivery::NotDelivered);
}

#[test]
fn whoever_holds_the_others_up_is_not_waited_for() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.talk(1).send_file(FileKind::Jpeg, photo(20 * PIECE_BYTES), START).unwrap();
    for _ in 0..800 {
        room.now = room.now.after(STEP);
        let now = room.now;
        let mut answers = Vec::new();
        while let Some((channel, bytes)) = room.talk(1).next_send(now) {
            room.talk(0).hear(person(2), channel, &bytes, now);
        }
        while let Some((channel, bytes)) = room.talk(0).next_send(now) {
            answers.push((channel, bytes));
        }
        for (channel, bytes) in answers {
            room.talk(1).hear(person(1), channel, &bytes, now);
        }
        room.talk(1).tick(now);
    }
    assert_eq!((room.files(0)[0].1, room.files(1)[0].1), (FileState::Done, FileState::Done));
}

#[test]
fn a_flood_neither_silences_nor_erases_what_others_write() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.talk(1).answer(answers(), START).unwrap();
    room.meet(2);
    room.talk(0).write("Je vous écoute.", START).unwrap();
    room.pass(Duration::from_secs(5));
    room.meet(3);
    for number in 0..2_000 {
        let flood = Message::Text { number: number % 300, text: "spam".to_owned() };
        let now = START.after(Duration::from_millis(100 * number));
        room.talk(0).hear(person(3), Channel::Chat, &flood.write(), now);
        if number == 500 {
            room.talk(0).write("Cessez.", now).unwrap();
        }
        if number > 500 && number < 600 {
            while let Some((_, bytes)) = room.talk(0).next_send(now) {
                room.count += u64::from(bytes.ends_with(b"Cessez."));
            }
        }
    }
    assert!(room.count > 0, "what the practitioner wrote leaves");
    assert!(room.texts(0).iter().any(|(text, _)| text == "Je vous écoute."));
    assert!(room.people[0].1.entries().any(|entry| matches!(entry.what, What::Answers { .. })));
    assert!(room.people[0].1.entries().len() <= MAX_ENTRIES);
}

#[test]
fn nothing_that_is_written_looks_like_something_else() {
    let mut room = Room::two();
    let text = "60\u{202e}gm\u{202c} \u{1b}[2J\r\u{2028}oui\u{200b}\n👩\u{200d}⚕\u{fe0f}".to_owned();
    room.talk(0).hear(person(2), Channel::Chat, &Message::Text { number: 1, text }.write(), START);
    assert_eq!(room.texts(0)[0].0, "60gm [2Joui\n👩\u{200d}⚕\u{fe0f}");
}

#[test]
fn typing_is_private_unless_it_is_shown() {
    let mut room = Room::two();
    room.talk(1).type_line("je ne sais pas comment dire");
    room.pass(Duration::from_secs(1));
    assert_eq!(room.people[0].1.lines().count(), 0);
    room.talk(1).show_typing(true);
    room.talk(1).type_line("oui");
    room.pass(Duration::from_secs(1));
    room.talk(1).show_typing(false);
    room.pass(Duration::from_secs(1));
    assert_eq!(room.people[0].1.lines().count(), 0);
}

#[test]
fn a_file_arrives_whole_over_a_way_that_loses_one_message_in_five() {
    let mut room = Room::two();
    room.lose_one_in = 5;
    let bytes = photo(10 * PIECE_BYTES + 17);
    room.talk(1).send_file(FileKind::Jpeg, bytes.clone(), START).unwrap();
    room.pass(Duration::from_secs(90));
    let (key, state) = room.files(0)[0];
    assert_eq!(state, FileState::Done);
    assert_eq!(room.talk(0).file(key), Some(bytes.as_slice()));
    assert_eq!(room.files(1)[0].1, FileState::Done);
}

#[test]
fn a_file_goes_no_faster_than_the_server_takes() {
    let mut room = Room::two();
    room.talk(1).send_file(FileKind::Jpeg, photo(60 * PIECE_BYTES), START).unwrap();
    room.pass(Duration::from_secs(5));
    assert!(room.said <= 2 * (12 + 5 * 7), "{} messages in five seconds", room.said);
    room.pass(Duration::from_secs(10));
    assert_eq!(room.files(0)[0].1, FileState::Done);
}

#[test]
fn what_is_no_picture_is_refused_at_both_ends() {
    let mut room = Room::two();
    let none = b"\xff\xd8\xff no picture".to_vec();
    assert_eq!(room.talk(1).send_file(FileKind::Jpeg, none, START), Err(SendFileError::NotItsKind));
    let long = photo(MAX_FILE_BYTES + 1);
    assert_eq!(room.talk(1).send_file(FileKind::Jpeg, long, START), Err(SendFileError::TooLong));
    // A page that keeps to no rule.
    let script = b"<svg onload=alert(1)>".to_vec();
    let offer = Message::Offer { number: 1, kind: FileKind::Jpeg, length: script.len() as u32 };
    let piece = Message::Piece { number: 1, at: 0, bytes: script };
    for message in [offer, piece] {
        room.talk(0).hear(person(2), Channel::File, &message.write(), START);
    }
    let (key, state) = room.files(0)[0];
    assert_eq!((state, room.talk(0).file(key)), (FileState::Refused, None));
}

#[test]
fn files_that_fill_the_memory_are_refused() {
    let mut room = Room::two();
    for number in 0..50 {
        let offer = Message::Offer { number, kind: FileKind::Jpeg, length: MAX_FILE_BYTES as u32 };
        room.talk(0).hear(person(2), Channel::File, &offer.write(), START);
    }
    let moving = room.files(0).into_iter().filter(|(_, state)| *state == FileState::Moving).count();
    assert_eq!(moving, 2);
    assert_eq!(room.files(0).len(), 3, "a refusal is told once");
}

#[test]
fn a_file_whose_sender_falls_silent_or_gives_it_up_fails() {
    let mut room = Room::two();
    room.talk(1).send_file(FileKind::Jpeg, photo(40 * PIECE_BYTES), START).unwrap();
    room.pass(Duration::from_secs(1));
    let (key, _) = room.files(1)[0];
    room.talk(1).give_up(key);
    room.pass(Duration::from_secs(1));
    assert_eq!((room.files(0)[0].1, room.files(1)[0].1), (FileState::Failed, FileState::Failed));
    room.talk(1).send_file(FileKind::Jpeg, photo(40 * PIECE_BYTES), START).unwrap();
    room.pass(Duration::from_secs(1));
    room.lose_one_in = 1;
    room.pass(Duration::from_secs(70));
    assert_eq!((room.files(0)[1].1, room.files(1)[1].1), (FileState::Failed, FileState::Failed));
}

fn answers() -> Vec<Answer> {
    vec![
        Answer { question: Question::Reason, text: " Une douleur au genou ".to_owned() },
        Answer { question: Question::Since, text: String::new() },
    ]
}

#[test]
fn answers_reach_the_practitioner_now_and_after_their_page_was_loaded_again() {
    let mut room = Room::two();
    room.meet(0);
    room.talk(1).answer(answers(), START).unwrap();
    room.pass(Duration::from_secs(60));
    room.meet(2);
    room.pass(Duration::from_secs(1));
    let expected = vec![Answer { question: Question::Reason, text: "Une douleur au genou".to_owned() }];
    let shown = |room: &Room| match &room.people[0].1.entries().next().unwrap().what {
        What::Answers { answers, .. } => answers.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(&room), expected);
    room.people[0].1 = Talk::new(Standing::Practitioner, 5);
    room.meet(2);
    room.pass(Duration::from_secs(5));
    assert_eq!(shown(&room), expected);
    assert_eq!(room.people[0].1.entries().count(), 1);
}

#[test]
fn a_guest_is_never_told_the_answers() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    room.talk(1).answer(answers(), START).unwrap();
    room.pass(Duration::from_secs(20));
    assert_eq!(room.people[0].1.entries().count(), 0);
    assert_eq!(room.people[2].1.entries().count(), 0);
    room.meet(2);
    room.pass(Duration::from_secs(5));
    assert_eq!(room.people[0].1.entries().count(), 1);
}

#[test]
fn answers_of_anybody_but_the_patient_are_let_go() {
    let mut room = Room::of(&[Standing::Practitioner, Standing::Patient, Standing::Guest]);
    let forged = Message::Answers { number: 1, answers: answers() };
    assert!(!room.talk(0).hear(person(3), Channel::Answers, &forged.write(), START));
    assert!(!room.talk(0).hear(person(9), Channel::Answers, &forged.write(), START));
    assert_eq!(room.talk(0).entries().count(), 0);
}

#[test]
fn a_warning_is_news_and_not_repeated_at_once() {
    let mut room = Room::two();
    for _ in 0..10 {
        room.talk(0).not_believed(START);
    }
    room.talk(0).not_believed(START.after(Duration::from_secs(61)));
    let entries: Vec<_> = room.people[0].1.entries().collect();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| entry.is_news()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn anything_at_all_is_bounded(messages in prop::collection::vec((0..4_usize, prop::collection::vec(any::<u8>(), 0..80)), 0..120)) {
        let mut room = Room::two();
        for (channel, bytes) in messages {
            room.talk(0).hear(person(2), Channel::ALL[channel], &bytes, START);
        }
        prop_assert!(room.talk(0).entries().len() <= MAX_ENTRIES);
        room.pass(Duration::from_secs(1));
        prop_assert!(room.said <= 40);
    }

    #[test]
    fn what_is_written_is_read_back(number in any::<u64>(), at in any::<u32>(), text in "[a-zé0-9 ]{0,50}", bytes in prop::collection::vec(any::<u8>(), 1..50)) {
        for message in [
            Message::Text { number, text: text.clone() },
            Message::Taken { number },
            Message::Live { sequence: at, text: text.clone() },
            Message::Offer { number, kind: FileKind::Jpeg, length: at },
            Message::Piece { number, at, bytes },
            Message::PiecesTaken { number, count: at },
            Message::GivenUp { number },
            Message::AskAnswers,
            Message::Answers { number, answers: vec![Answer { question: Question::Allergies, text }] },
        ] {
            prop_assert_eq!(Message::read(message.channel(), &message.write()), Ok(message));
        }
    }

    #[test]
    fn a_line_is_the_same_at_both_ends(lines in prop::collection::vec("[a-zé👩 ]{0,12}", 1..12)) {
        let mut room = Room::two();
        room.talk(1).show_typing(true);
        for line in lines {
            room.talk(1).type_line(&line);
            room.pass(SEND_LIVE_EVERY * 2);
            let shown = room.people[0].1.lines().next().map(|line| line.line.to_owned()).unwrap_or_default();
            prop_assert_eq!(shown, line);
        }
    }
}
