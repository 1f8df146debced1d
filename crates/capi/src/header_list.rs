//! Header fields as C has them: a list, each field with the address of the next.
use std::ffi::{CString, c_char};
use std::ptr;

use arkws_netstack::{Header, RequestOptions};

use crate::boundary;
use crate::c_text::c_text;
use crate::code::Code;
use crate::failure::Failure;
use crate::platform_types::WebSocketHeader;

/// Most fields of a request: the platform's limit.
pub(crate) const MAX_FIELDS: usize = RequestOptions::MAX_HEADERS;

/// The fields that were added to a client, with copies of their texts. The list that the program
/// sees is this one; what a program writes into it is not followed.
#[derive(Debug, Default)]
pub(crate) struct HeaderList {
    fields: Vec<OwnedField>,
}

/// A field, where the program sees it, and its texts: pointers, since the program has them as well.
#[derive(Debug)]
struct OwnedField {
    seen: *mut WebSocketHeader,
    name: *mut c_char,
    value: *mut c_char,
}

// SAFETY: all belong to this, and are written by whoever has the client's lock.
unsafe impl Send for OwnedField {}

impl HeaderList {
    /// The first one, for the program; NULL: there is none.
    pub(crate) fn head(&self) -> *mut WebSocketHeader {
        self.fields
            .first()
            .map_or(ptr::null_mut(), |first| first.seen)
    }

    /// # Errors
    /// [`Code::TooManyHeaders`].
    pub(crate) fn add(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        if self.fields.len() >= MAX_FIELDS {
            return Err(too_many());
        }
        let (name, value) = (c_text(name).into_raw(), c_text(value).into_raw());
        let seen = Box::into_raw(Box::new(WebSocketHeader {
            field_name: name,
            field_value: value,
            next: ptr::null_mut(),
        }));
        if let Some(last) = self.fields.last() {
            // SAFETY: it is freed with the list.
            unsafe { (*last.seen).next = seen };
        }
        self.fields.push(OwnedField { seen, name, value });
        Ok(())
    }
}

impl Drop for OwnedField {
    fn drop(&mut self) {
        // SAFETY: made by `add`, and freed here alone.
        unsafe {
            drop(Box::from_raw(self.seen));
            drop(CString::from_raw(self.name));
            drop(CString::from_raw(self.value));
        }
    }
}

/// Copies a list of the program's, or one of a client's. Of fields with the same name, whatever
/// its case, the last one counts, as on the platform.
///
/// # Errors
/// [`Code::NoHeader`], [`Code::TooManyHeaders`], [`Code::Invalid`].
///
/// # Safety
/// NULL, or a field whose texts end with a NUL, and whose `next` is such a field, or NULL; none of
/// them changes during the call.
pub(crate) unsafe fn read(head: *const WebSocketHeader) -> Result<Vec<Header>, Failure> {
    let mut fields = FieldSet::default();
    let mut next = head;
    let mut count = 0;
    while !next.is_null() {
        count += 1;
        // Also a list that leads back to itself ends here.
        if count > MAX_FIELDS {
            return Err(too_many());
        }
        // SAFETY: the caller's promise.
        let field = unsafe { *next };
        // SAFETY: the caller's promise.
        let (name, value) = unsafe { texts(field.field_name, field.field_value)? };
        fields.set(name, value);
        next = field.next;
    }
    Ok(fields.fields)
}

/// The texts of one field.
///
/// # Errors
/// [`Code::NoHeader`], [`Code::Invalid`].
///
/// # Safety
/// Each is NULL, or a string that ends with a NUL and is not changed during the call.
pub(crate) unsafe fn texts<'a>(
    name: *const c_char,
    value: *const c_char,
) -> Result<(&'a str, &'a str), Failure> {
    let missing = |what: &str| Failure::new(Code::NoHeader, format!("the {what} is NULL"));
    let (what, whose) = ("name of the header field", "value of the header field");
    // SAFETY: the caller's promise.
    let name = unsafe { boundary::text(what, name)? }.ok_or_else(|| missing(what))?;
    // SAFETY: the caller's promise.
    let value = unsafe { boundary::text(whose, value)? }.ok_or_else(|| missing(whose))?;
    Ok((name, value))
}

fn too_many() -> Failure {
    let why = format!("more than {MAX_FIELDS} header fields");
    Failure::new(Code::TooManyHeaders, why)
}

/// Fields in the order in which their names came first.
#[derive(Default)]
struct FieldSet {
    fields: Vec<Header>,
    places: std::collections::HashMap<String, usize>,
}

impl FieldSet {
    fn set(&mut self, name: &str, value: &str) {
        let field = Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let place = *self
            .places
            .entry(name.to_ascii_lowercase())
            .or_insert(self.fields.len());
        match self.fields.get_mut(place) {
            Some(known) => *known = field,
            None => self.fields.push(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: *const c_char, value: *const c_char) -> WebSocketHeader {
        WebSocketHeader {
            field_name: name,
            field_value: value,
            next: ptr::null_mut(),
        }
    }

    fn read_one(field: &WebSocketHeader) -> Result<Vec<Header>, Code> {
        // SAFETY: fields of the tests, with strings that live for ever, or NULL.
        unsafe { read(field) }.map_err(|failure| failure.code)
    }

    fn listed(fields: &[Header]) -> Vec<(&str, &str)> {
        fields
            .iter()
            .map(|field| (field.name.as_str(), field.value.as_str()))
            .collect()
    }

    #[test]
    fn the_last_field_of_a_name_counts_at_the_place_of_the_first() {
        let mut list = HeaderList::default();
        for (name, value) in [("X-A", "1"), ("X-B", "2"), ("x-a", "3")] {
            list.add(name, value).unwrap();
        }
        // SAFETY: the list lives.
        let fields = unsafe { read(list.head()) }.unwrap();
        assert_eq!(listed(&fields), [("x-a", "3"), ("X-B", "2")]);
    }

    #[test]
    fn no_list_is_no_fields() {
        // SAFETY: NULL.
        assert!(unsafe { read(ptr::null()) }.unwrap().is_empty());
    }

    #[test]
    fn null_and_what_is_not_utf8_are_errors() {
        let (a, null) = (c"a".as_ptr(), ptr::null());
        assert_eq!(read_one(&field(null, a)).unwrap_err(), Code::NoHeader);
        assert_eq!(read_one(&field(a, null)).unwrap_err(), Code::NoHeader);
        let latin1 = c"\xe9".as_ptr();
        assert_eq!(read_one(&field(a, latin1)).unwrap_err(), Code::Invalid);
    }

    #[test]
    fn a_list_that_leads_back_to_itself_ends() {
        let field = Box::into_raw(Box::new(field(c"a".as_ptr(), c"b".as_ptr())));
        // SAFETY: the test's own, as below.
        let read = unsafe {
            (*field).next = field;
            read(field)
        };
        assert_eq!(read.unwrap_err().code, Code::TooManyHeaders);
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(field) });
    }

    #[test]
    fn as_many_as_the_limit_can_be_added() {
        let mut list = HeaderList::default();
        for number in 0..MAX_FIELDS {
            list.add(&format!("x-{number}"), "").unwrap();
        }
        let failure = list.add("one-more", "").unwrap_err();
        assert_eq!(failure.code, Code::TooManyHeaders);
        // SAFETY: the list lives.
        assert_eq!(unsafe { read(list.head()) }.unwrap().len(), MAX_FIELDS);
    }
}
