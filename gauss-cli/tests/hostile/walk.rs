//! Where the numbers of a model file stand, and what each of them is: the structures that the file
//! holds, followed by serde in the order in which bincode with fixed-width integers writes them
//! (`gauss_model::file` says how). The bytes come with it, so that a test sees that the way is right.

use std::fmt::Error;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// What a number of the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// How many bytes or items follow: 8 bytes.
    Length,
    /// Which of several: 4 bytes.
    Variant,
    /// Whether there is one, or a truth: 1 byte.
    Flag,
    /// A double.
    Float,
    /// A whole number, of so many bytes.
    Whole(usize),
}

impl What {
    /// Bytes.
    pub fn size(self) -> usize {
        match self {
            What::Length | What::Float => 8,
            What::Variant => 4,
            What::Flag => 1,
            What::Whole(size) => size,
        }
    }
}

/// The way through a structure.
#[derive(Debug, Default)]
pub struct Walk {
    /// What is written.
    pub bytes: Vec<u8>,
    /// Where each number begins.
    pub fields: Vec<(usize, What)>,
}

impl Walk {
    /// Through all of `value`.
    pub fn through(value: &impl Serialize) -> Walk {
        let mut walk = Walk::default();
        value.serialize(&mut walk).expect("every part has a form");
        walk
    }

    fn put(&mut self, what: What, bytes: &[u8]) {
        self.fields.push((self.bytes.len(), what));
        self.bytes.extend(bytes);
    }

    fn length(&mut self, length: Option<usize>) -> Result<&mut Self, Error> {
        self.put(What::Length, &(length.ok_or(Error)? as u64).to_le_bytes());
        Ok(self)
    }

    fn variant(&mut self, variant: u32) -> &mut Self {
        self.put(What::Variant, &variant.to_le_bytes());
        self
    }
}

macro_rules! whole {
    ($($name:ident $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), Error> {
            self.put(What::Whole(size_of::<$type>()), &value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl Serializer for &mut Walk {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    whole!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);
    whole!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.put(What::Flag, &[u8::from(value)]);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.put(What::Whole(4), &value.to_le_bytes());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.put(What::Float, &value.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.bytes.extend(value.encode_utf8(&mut [0; 4]).bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.length(Some(value.len()))?.bytes.extend(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.put(What::Flag, &[0]);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.put(What::Flag, &[1]);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
    ) -> Result<(), Error> {
        self.variant(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self.variant(variant))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, Error> {
        self.length(length)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self.variant(variant))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self, Error> {
        self.length(length)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self.variant(variant))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What holds others: each of them in its turn, and nothing between.
macro_rules! items {
    ($($holder:ident $item:ident),*) => {$(
        impl $holder for &mut Walk {
            type Ok = ();
            type Error = Error;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        }
    )*};
}

macro_rules! members {
    ($($holder:ident),*) => {$(
        impl $holder for &mut Walk {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                Ok(())
            }
        }
    )*};
}

items!(SerializeSeq serialize_element, SerializeTuple serialize_element);
items!(SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);
members!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for &mut Walk {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}
