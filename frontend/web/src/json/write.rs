//! From serde's types to a text.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::JsonError;

pub struct Writer<'a> {
    pub text: &'a mut String,
}

/// A list or an object being written.
pub struct Open<'a> {
    text: &'a mut String,
    is_first: bool,
    end: &'static str,
}

impl<'a> Writer<'a> {
    fn open(self, start: &str, end: &'static str) -> Open<'a> {
        self.text.push_str(start);
        Open { text: self.text, is_first: true, end }
    }

    fn name(&mut self, variant: &str) {
        self.text.push('{');
        quote(self.text, variant);
        self.text.push(':');
    }

    fn put(self, words: &str) {
        self.text.push_str(words);
    }
}

impl Open<'_> {
    fn comma(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.comma();
        quote(self.text, key);
        self.text.push(':');
    }

    fn item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), JsonError> {
        self.comma();
        item.serialize(Writer { text: self.text })
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), JsonError> {
        self.key(key);
        value.serialize(Writer { text: self.text })
    }

    fn close(self) {
        self.text.push_str(self.end);
    }
}

fn quote(text: &mut String, words: &str) {
    text.push('"');
    for sign in words.chars() {
        match sign {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                const DIGITS: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                text.push_str("\\u00");
                text.push(DIGITS[usize::from(control as u8 >> 4)]);
                text.push(DIGITS[usize::from(control as u8 & 15)]);
            }
            sign => text.push(sign),
        }
    }
    text.push('"');
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    fn serialize_bool(self, v: bool) -> Result<(), JsonError> {
        self.put(if v { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, v: i8) -> Result<(), JsonError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i16(self, v: i16) -> Result<(), JsonError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i32(self, v: i32) -> Result<(), JsonError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i64(self, v: i64) -> Result<(), JsonError> {
        self.put(&v.to_string());
        Ok(())
    }

    fn serialize_u8(self, v: u8) -> Result<(), JsonError> {
        self.serialize_u64(v.into())
    }

    fn serialize_u16(self, v: u16) -> Result<(), JsonError> {
        self.serialize_u64(v.into())
    }

    fn serialize_u32(self, v: u32) -> Result<(), JsonError> {
        self.serialize_u64(v.into())
    }

    fn serialize_u64(self, v: u64) -> Result<(), JsonError> {
        self.put(&v.to_string());
        Ok(())
    }

    fn serialize_f32(self, v: f32) -> Result<(), JsonError> {
        self.serialize_f64(v.into())
    }

    fn serialize_f64(self, v: f64) -> Result<(), JsonError> {
        if !v.is_finite() {
            return Err(JsonError);
        }
        // The browser writes its own numbers; ours would bring a second way of doing so.
        let digits = js_sys::Number::from(v).to_string_with_radix(10).map_err(|_| JsonError)?;
        self.put(&String::from(digits));
        Ok(())
    }

    fn serialize_char(self, v: char) -> Result<(), JsonError> {
        quote(self.text, v.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Result<(), JsonError> {
        quote(self.text, v);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), JsonError> {
        Err(JsonError)
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        self.put("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.name(variant);
        value.serialize(Writer { text: self.text })?;
        self.put("}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, JsonError> {
        Ok(self.open("[", "]"))
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, JsonError> {
        self.name(variant);
        Ok(self.open("[", "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'a>, JsonError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'a>, JsonError> {
        Ok(self.open("{", "}"))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'a>, JsonError> {
        self.name(variant);
        Ok(self.open("{", "}}"))
    }
}

macro_rules! lists {
    ($($access:ident::$method:ident),*) => {$(
        impl $access for Open<'_> {
            type Ok = ();
            type Error = JsonError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.item(value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! objects {
    ($($access:ident),*) => {$(
        impl $access for Open<'_> {
            type Ok = ();
            type Error = JsonError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), JsonError> {
                self.entry(key, value)
            }

            fn end(self) -> Result<(), JsonError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

objects!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Open<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.comma();
        let start = self.text.len();
        key.serialize(Writer { text: self.text })?;
        // Keys of objects are texts.
        if !self.text[start..].starts_with('"') {
            return Err(JsonError);
        }
        self.text.push(':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        value.serialize(Writer { text: self.text })
    }

    fn end(self) -> Result<(), JsonError> {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use colloque_protocol::signaling::{ClientMessage, DeviceCheck, MediaState};

    use crate::json::to_string;

    /// The server reads with `serde_json`: whatever is written here must be the same to it.
    fn reads_back(message: &ClientMessage) {
        let text = to_string(message).unwrap();
        assert_eq!(&serde_json::from_str::<ClientMessage>(&text).unwrap(), message, "{text}");
    }

    #[test]
    fn messages_written_here_are_read_by_the_server() {
        reads_back(&ClientMessage::Leave);
        reads_back(&ClientMessage::Ping { sequence: 4_000_000_000 });
        reads_back(&ClientMessage::DeviceCheck(DeviceCheck {
            camera: true,
            microphone: false,
            media_blocked: true,
            round_trip_ms: 12,
        }));
        reads_back(&ClientMessage::MediaState(MediaState { camera: true, ..MediaState::default() }));
        reads_back(&ClientMessage::AnnounceDelay { appointment: None, minutes: 10 });
    }

    #[test]
    fn every_sign_survives_in_a_description() {
        let sdp: String = (0..0x300).filter_map(char::from_u32).chain("v=0\r\n\"\\\u{2028}é😀".chars()).collect();
        reads_back(&ClientMessage::Offer { generation: 1, ice_restart: false, sdp });
    }
}
