//! Takes over, from each page on, what draws it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Number, Object, ObjectIdentifier, Rect};
use hayro_syntax::page::{Page, Resources, Rotation};
use hayro_syntax::xref::XRef;
use pdf_writer::{Chunk, Dict as DictWriter, Finish, Name as Key, Obj, Pdf, Rect as Area, Ref, Settings, Str};

use crate::annotation::{PLACE, PRINTED, SHAPE, Seen, seen};
use crate::form::Form;
use crate::inert::{is_foreign, is_kept, is_layer};
use crate::{CleanPdfError, MAX_OBJECTS, MAX_WRITTEN_BYTES, stream};

/// Largest number that every reader takes (ISO 32000-1 table C.1).
const WIDEST: f64 = 2_147_483_647.0;

/// Objects that were met, and those whose turn is still to come.
struct Met<'a> {
    xref: &'a XRef,
    /// Numbers of objects that the file had and has not any more.
    taken_out: BTreeSet<u32>,
    numbers: BTreeMap<ObjectIdentifier, Option<Ref>>,
    open: VecDeque<(ObjectIdentifier, Ref)>,
    next: Ref,
}

impl<'a> Met<'a> {
    fn object(&self, id: ObjectIdentifier) -> Option<Object<'a>> {
        if self.taken_out.contains(&id.obj_number) { None } else { self.xref.get(id) }
    }

    /// Gives the number under which an object is written; none if there is no such object, or if it is not taken over.
    fn number(&mut self, id: ObjectIdentifier) -> Option<Ref> {
        if let Some(number) = self.numbers.get(&id) {
            return *number;
        }
        let number = is_taken(self.object(id).as_ref()).then(|| self.next.bump());
        self.numbers.insert(id, number);
        if let Some(number) = number {
            self.open.push_back((id, number));
        }
        number
    }
}

fn is_taken(object: Option<&Object<'_>>) -> bool {
    match object {
        None | Some(Object::Null(_)) => false,
        Some(Object::Dict(dict)) => !is_foreign(dict),
        Some(Object::Stream(stream)) => !is_foreign(stream.dict()),
        Some(_) => true,
    }
}

/// See the module.
pub struct Copier<'a> {
    met: Met<'a>,
    form: Form<'a>,
    /// Drawings of what was put onto pages.
    drawings: BTreeSet<ObjectIdentifier>,
    pdf: Pdf,
}

impl<'a> Copier<'a> {
    pub fn new(xref: &'a XRef, taken_out: BTreeSet<u32>, form: Form<'a>) -> Self {
        let met = Met { xref, taken_out, numbers: BTreeMap::new(), open: VecDeque::new(), next: Ref::new(1) };
        Self { met, form, drawings: BTreeSet::new(), pdf: Pdf::with_settings(Settings { pretty: false }) }
    }

    /// Writes the document.
    pub fn document(mut self, pages: &[Page<'_>]) -> Result<Vec<u8>, CleanPdfError> {
        let root = self.met.next.bump();
        let tree = self.met.next.bump();
        let mut kids = Vec::with_capacity(pages.len());
        for page in pages {
            kids.push(self.page(page, tree)?);
            self.opened()?;
        }
        let mut catalog = self.pdf.catalog(root);
        catalog.pages(tree);
        let old = self.met.xref.get::<Dict<'_>>(self.met.xref.root_id());
        // In what language a screen reader speaks.
        if let Some(lang) = old.as_ref().and_then(|root| root.get::<hayro_syntax::object::String<'_>>("Lang")) {
            catalog.insert(Key(b"Lang")).primitive(Str(lang.as_bytes()));
        }
        if let Some(layers) = old.and_then(|root| root.get::<Dict<'_>>("OCProperties")) {
            write_layers(&layers, catalog.insert(Key(b"OCProperties")).dict(), &mut self.met);
        }
        catalog.finish();
        self.opened()?;
        let count = i32::try_from(kids.len()).map_err(|_| CleanPdfError::TooLong)?;
        self.pdf.pages(tree).kids(kids).count(count);
        Ok(self.pdf.finish())
    }

    /// Writes everything that was met and is not written yet.
    fn opened(&mut self) -> Result<(), CleanPdfError> {
        while let Some((id, number)) = self.met.open.pop_front() {
            self.is_short()?;
            match self.met.object(id) {
                Some(Object::Stream(stream)) => {
                    let content = stream::content(&stream)?;
                    let mut writer = self.pdf.stream(number, &content.bytes);
                    if let Some(filter) = content.filter {
                        writer.insert(Key(b"Filter")).primitive(Key(filter));
                        if let Some(transform) = stream::color_transform(stream.dict()) {
                            writer.decode_parms().pair(Key(b"ColorTransform"), transform);
                        }
                    }
                    let (dict, own) = (stream.dict(), |key: &[u8]| stream::is_own_entry(key, &content));
                    // What a drawing does not name itself it has from the form.
                    let lacks = self.drawings.contains(&id) && !dict.contains_key("Resources");
                    match self.form.resources.as_ref().filter(|_| lacks) {
                        Some(shared) => {
                            entries(dict, &mut writer, &mut self.met, |key| own(key) || key > b"Resources");
                            resources(shared, writer.insert(Key(b"Resources")).dict(), &mut self.met);
                            entries(dict, &mut writer, &mut self.met, |key| own(key) || key < b"Resources");
                        }
                        None => entries(dict, &mut writer, &mut self.met, own),
                    }
                }
                Some(object) => direct(&object, self.pdf.indirect(number), &mut self.met),
                None => self.pdf.indirect(number).primitive(pdf_writer::Null),
            }
        }
        Ok(())
    }

    fn is_short(&self) -> Result<(), CleanPdfError> {
        let is_long = usize::try_from(self.met.next.get()).is_ok_and(|next| next > MAX_OBJECTS);
        if is_long || self.pdf.len() > MAX_WRITTEN_BYTES { Err(CleanPdfError::TooLong) } else { Ok(()) }
    }

    fn page(&mut self, page: &Page<'_>, tree: Ref) -> Result<Ref, CleanPdfError> {
        let number = self.met.next.bump();
        let annotations = self.annotations(page.raw())?;
        let mut chunk = Chunk::with_settings(Settings { pretty: false });
        let mut writer = chunk.page(number);
        writer.parent(tree).media_box(area(page.media_box())).crop_box(area(page.crop_box()));
        let turn = match page.rotation() {
            Rotation::None => 0,
            Rotation::Horizontal => 90,
            Rotation::Flipped => 180,
            Rotation::FlippedHorizontal => 270,
        };
        let old = page.raw();
        writer.rotate(old.get::<Number>("Rotate").map_or(turn, quarter_turns));
        for key in ["UserUnit", "Contents", "Group"] {
            if let Some(value) = old.get_raw::<Object<'_>>(key) {
                either(&value, writer.insert(Key(key.as_bytes())), &mut self.met);
            }
        }
        resources(page.resources(), writer.insert(Key(b"Resources")).dict(), &mut self.met);
        if !annotations.is_empty() {
            writer.annotations(annotations);
        }
        writer.finish();
        self.pdf.extend(&chunk);
        Ok(number)
    }

    fn annotations(&mut self, page: &Dict<'_>) -> Result<Vec<Ref>, CleanPdfError> {
        let mut written = Vec::new();
        let Some(list) = page.get::<Array<'_>>("Annots") else { return Ok(written) };
        for one in list.raw_iter() {
            let one = match one {
                MaybeRef::Ref(id) => self.met.object(id.into()),
                MaybeRef::NotRef(object) => Some(object),
            };
            let Some(seen) = one.and_then(Object::into_dict).and_then(|dict| seen(&dict)) else { continue };
            if seen.is_answer && !self.form.is_drawn(&seen.dict) {
                return Err(CleanPdfError::UndrawnForm);
            }
            if let Some(drawing) = seen.drawing {
                self.drawings.insert(drawing.into());
            }
            if seen.has_shape || seen.drawing.is_some() {
                self.is_short()?;
                written.push(self.annotation(&seen));
            }
        }
        Ok(written)
    }

    fn annotation(&mut self, seen: &Seen<'_>) -> Ref {
        let number = self.met.next.bump();
        let mut writer = self.pdf.indirect(number).dict();
        writer.pair(Key(b"Type"), Key(b"Annot")).pair(Key(b"Subtype"), Key(&seen.subtype));
        if seen.is_printed {
            writer.pair(Key(b"F"), PRINTED);
        }
        let shape: &[&[u8]] = if seen.has_shape { &SHAPE } else { &[] };
        for key in PLACE.iter().chain(shape) {
            if let Some(value) = seen.dict.get_raw::<Object<'_>>(key) {
                either(&value, writer.insert(Key(key)), &mut self.met);
            }
        }
        if let Some(drawing) = seen.drawing.and_then(|drawing| self.met.number(drawing.into())) {
            writer.insert(Key(b"AP")).dict().pair(Key(b"N"), drawing);
        }
        number
    }
}

/// Which layers there are, and which are shown: content of a layer that is not shown stays unseen.
fn write_layers(old: &Dict<'_>, mut writer: DictWriter<'_>, met: &mut Met<'_>) {
    let copy = |old: &Dict<'_>, key: &str, writer: &mut DictWriter<'_>, met: &mut Met<'_>| {
        if let Some(value) = old.get_raw::<Object<'_>>(key) {
            either(&value, writer.insert(Key(key.as_bytes())), met);
        }
    };
    copy(old, "OCGs", &mut writer, met);
    let shown = old.get::<Dict<'_>>("D").unwrap_or_default();
    let mut writer = writer.insert(Key(b"D")).dict();
    for key in ["BaseState", "ON", "OFF"] {
        copy(&shown, key, &mut writer, met);
    }
}

/// Writes the resources of a page, without those that only describe it.
fn resources(resources: &Resources<'_>, mut writer: DictWriter<'_>, met: &mut Met<'_>) {
    let kinds: [(&[u8], &Dict<'_>); 6] = [
        (b"ColorSpace", &resources.color_spaces),
        (b"ExtGState", &resources.ext_g_states),
        (b"Font", &resources.fonts),
        (b"Pattern", &resources.patterns),
        (b"Shading", &resources.shadings),
        (b"XObject", &resources.x_objects),
    ];
    for (key, old) in kinds {
        if !sorted(old).is_empty() {
            names(old, writer.insert(Key(key)).dict(), met);
        }
    }
    properties(&resources.properties, writer.insert(Key(b"Properties")), met);
}

/// Writes what stands under names that the file chose.
fn names(old: &Dict<'_>, mut writer: DictWriter<'_>, met: &mut Met<'_>) {
    for (name, value) in sorted(old) {
        either(&value, writer.insert(Key(&name)), met);
    }
}

/// What stretches of a drawing belong to: layers only, nothing that describes.
fn properties(old: &Dict<'_>, writer: Obj<'_>, met: &mut Met<'_>) {
    let mut writer = writer.dict();
    for (name, value) in sorted(old) {
        if old.get::<Dict<'_>>(&name).is_some_and(|dict| is_layer(&dict)) {
            either(&value, writer.insert(Key(&name)), met);
        }
    }
}

fn either(value: &MaybeRef<Object<'_>>, writer: Obj<'_>, met: &mut Met<'_>) {
    match value {
        MaybeRef::NotRef(object) => direct(object, writer, met),
        MaybeRef::Ref(id) => match met.number((*id).into()) {
            Some(number) => writer.primitive(number),
            None => writer.primitive(pdf_writer::Null),
        },
    }
}

fn direct(object: &Object<'_>, writer: Obj<'_>, met: &mut Met<'_>) {
    match object {
        Object::Boolean(value) => writer.primitive(*value),
        Object::Number(number) => {
            let value = bounded(number.as_f64());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "within its bounds; digits are lost that no page shows"
            )]
            if value.fract() == 0.0 {
                writer.primitive(value as i32);
            } else {
                writer.primitive(value as f32);
            }
        }
        Object::String(words) => writer.primitive(Str(words.as_bytes())),
        Object::Name(name) => writer.primitive(Key(name)),
        Object::Array(array) => {
            let mut writer = writer.array();
            for value in array.raw_iter() {
                either(&value, writer.push(), met);
            }
        }
        Object::Dict(dict) if !is_foreign(dict) => entries(dict, &mut writer.dict(), met, |_| false),
        // A stream is never within something.
        Object::Dict(_) | Object::Null(_) | Object::Stream(_) => writer.primitive(pdf_writer::Null),
    }
}

fn entries(dict: &Dict<'_>, writer: &mut DictWriter<'_>, met: &mut Met<'_>, is_own: impl Fn(&[u8]) -> bool) {
    for (name, value) in sorted(dict) {
        match &*name {
            b"Resources" => {
                let old = dict.get::<Dict<'_>>(&name).unwrap_or_default();
                resources(&Resources::new(old), writer.insert(Key(&name)).dict(), met);
            }
            b"CharProcs" | b"Colorants" => {
                let old = dict.get::<Dict<'_>>(&name).unwrap_or_default();
                names(&old, writer.insert(Key(&name)).dict(), met);
            }
            name if !is_kept(name) || is_own(name) => {}
            name => either(&value, writer.insert(Key(name)), met),
        }
    }
}

/// Entries in the order of their names: the same document gives the same bytes. An empty name would run into what follows it.
fn sorted<'a>(dict: &Dict<'a>) -> Vec<(Name<'a>, MaybeRef<Object<'a>>)> {
    let mut entries: Vec<_> = dict.entries().filter(|(name, _)| !name.is_empty()).collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries
}

/// A turn in degrees, however its number is written.
fn quarter_turns(turn: Number) -> i32 {
    let turn = turn.as_i64().rem_euclid(360);
    match turn {
        90 => 90,
        180 => 180,
        270 => 270,
        _ => 0,
    }
}

/// What no reader takes is none.
const fn bounded(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-WIDEST, WIDEST) }
}

fn area(rect: Rect) -> Area {
    #[expect(clippy::cast_possible_truncation, reason = "within its bounds; digits are lost that no page shows")]
    let side = |length: f64| bounded(length) as f32;
    Area::new(side(rect.x0), side(rect.y0), side(rect.x1), side(rect.y1))
}
