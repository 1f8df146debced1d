//! What is made for JavaScript of values of ours, where it is no message: numbers and texts,
//! arrays, and objects whose properties are known here.
//!
//! napi-rs could derive the conversion of a struct. Here each conversion is a list of names and
//! contents, which one function reads: that takes a tenth of the code.
use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use napi::{Result, sys};

use super::env::{Env, Value, signed};
use super::status::check;

/// What a value is to be, a property or an element.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// The value `undefined`; no such property.
    Undefined,
    /// The value `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(&'a str),
    /// Made before.
    Value(Value<'a>),
}

impl From<bool> for Content<'_> {
    fn from(value: bool) -> Self {
        Content::Bool(value)
    }
}

impl From<i32> for Content<'_> {
    fn from(number: i32) -> Self {
        Content::Number(number.into())
    }
}

impl From<u32> for Content<'_> {
    fn from(number: u32) -> Self {
        Content::Number(number.into())
    }
}

impl From<f64> for Content<'_> {
    fn from(number: f64) -> Self {
        Content::Number(number)
    }
}

/// Exact up to 2^53.
impl From<u64> for Content<'_> {
    fn from(number: u64) -> Self {
        Content::Number(number as f64)
    }
}

impl<'a> From<&'a str> for Content<'a> {
    fn from(text: &'a str) -> Self {
        Content::Text(text)
    }
}

impl<'a> From<&'a String> for Content<'a> {
    fn from(text: &'a String) -> Self {
        Content::Text(text)
    }
}

impl<'a> From<Value<'a>> for Content<'a> {
    fn from(value: Value<'a>) -> Self {
        Content::Value(value)
    }
}

impl<'a, T: Into<Content<'a>>> From<Option<T>> for Content<'a> {
    fn from(content: Option<T>) -> Self {
        content.map_or(Content::Undefined, T::into)
    }
}

impl Env {
    /// A value of this content. No JavaScript runs.
    pub fn convert(&self, content: impl Into<Content<'static>>) -> Result<Value<'_>> {
        let value = self.raw(content.into())?;
        // SAFETY: it was made just now, by `self`: nothing made before is `'static`.
        Ok(unsafe { Value::from_raw(value) })
    }

    /// A string. No JavaScript runs.
    pub fn text(&self, text: &str) -> Result<Value<'_>> {
        let value = self.raw(Content::Text(text))?;
        // SAFETY: it was made just now, by `self`.
        Ok(unsafe { Value::from_raw(value) })
    }

    /// It is current as long as what was made before, or what `self` makes.
    fn raw(&self, content: Content<'_>) -> Result<sys::napi_value> {
        let env = self.0;
        let mut value = ptr::null_mut();
        // SAFETY: an `Env` is current. Of a text Node-API reads so many bytes as it has, and copies
        // them; more than a string holds are an error.
        check(unsafe {
            match content {
                Content::Undefined => sys::napi_get_undefined(env, &mut value),
                Content::Null => sys::napi_get_null(env, &mut value),
                Content::Bool(is) => sys::napi_get_boolean(env, is, &mut value),
                Content::Number(number) => sys::napi_create_double(env, number, &mut value),
                Content::Text(text) => {
                    let (data, length) = (text.as_ptr().cast::<c_char>(), signed(text.len()));
                    sys::napi_create_string_utf8(env, data, length, &mut value)
                }
                Content::Value(made) => return Ok(made.0),
            }
        })?;
        Ok(value)
    }

    /// An array of these. JavaScript may run.
    pub fn array<'a, T: Into<Content<'a>>>(
        &self,
        contents: impl IntoIterator<Item = T>,
    ) -> Result<Value<'_>> {
        let contents: Vec<_> = contents.into_iter().map(T::into).collect();
        self.elements(&contents)
    }

    fn elements(&self, contents: &[Content<'_>]) -> Result<Value<'_>> {
        // SAFETY: an `Env` is current; `make` gives a place to write to.
        let array = self.make(|env, value| unsafe {
            sys::napi_create_array_with_length(env, contents.len(), value)
        })?;
        for (index, content) in (0..).zip(contents) {
            let element = self.raw(*content)?;
            // SAFETY: an `Env` and both values are current.
            check(unsafe { sys::napi_set_element(self.0, array.0, index, element) })?;
        }
        Ok(array)
    }

    /// A `Buffer` of Node.js with a copy of `bytes`, which are few: where memory is short, Node-API
    /// ends the process. JavaScript owns its memory: see
    /// [`copied_array_buffer`](Env::copied_array_buffer). No JavaScript runs.
    pub fn buffer(&self, bytes: &[u8]) -> Result<Value<'_>> {
        let (data, length) = (bytes.as_ptr().cast::<c_void>(), bytes.len());
        // SAFETY: an `Env` is current; `make` gives a place to write to. Node-API reads `length`
        // bytes, those of the slice, and copies them.
        self.make(|env, value| unsafe {
            sys::napi_create_buffer_copy(env, length, data, ptr::null_mut(), value)
        })
    }

    /// An object with these properties. No JavaScript runs.
    pub fn record(&self, properties: &[(&CStr, Content<'_>)]) -> Result<Value<'_>> {
        // SAFETY: an `Env` is current; `make` gives a place to write to.
        let object = self.make(|env, value| unsafe { sys::napi_create_object(env, value) })?;
        self.define(object, properties)?;
        Ok(object)
    }

    /// Gives `object` these properties, without those that are undefined. They are defined, not
    /// set: no setter of a prototype takes them, no JavaScript runs.
    pub fn define(&self, object: Value<'_>, properties: &[(&CStr, Content<'_>)]) -> Result<()> {
        use sys::PropertyAttributes::{configurable, enumerable, writable};
        let mut descriptors = Vec::with_capacity(properties.len());
        for (name, content) in properties {
            if matches!(content, Content::Undefined) {
                continue;
            }
            descriptors.push(sys::napi_property_descriptor {
                utf8name: name.as_ptr(),
                name: ptr::null_mut(),
                method: None,
                getter: None,
                setter: None,
                value: self.raw(*content)?,
                attributes: writable | enumerable | configurable,
                data: ptr::null_mut(),
            });
        }
        // SAFETY: an `Env` and the `Value`s are current. Node-API reads so many properties, whose
        // names end with a zero (`CStr`).
        check(unsafe {
            let (count, descriptors) = (descriptors.len(), descriptors.as_ptr());
            sys::napi_define_properties(self.0, object.0, count, descriptors)
        })
    }
}
