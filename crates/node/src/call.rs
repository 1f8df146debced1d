//! A call from JavaScript: its arguments, and the environment that it is of.
use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

use arkws_netstack::MAX_SEND;
use napi::Result;

use crate::environment::Environment;
use crate::napi::{Arguments, Env, Value};
use crate::object_id::ObjectId;
use crate::text::TextBuffer;
use crate::text::utf16::{self, UTF8_PER_UNIT};

/// Text of so many UTF-16 units is read with one call, into a buffer that is kept; longer text into
/// one of its own.
const USUAL_TEXT: usize = 4096;

/// A function of the module.
pub(crate) type Entry = fn(Call<'_>) -> Result<Value<'_>>;

/// One call from JavaScript.
pub(crate) struct Call<'a> {
    pub(crate) env: &'a mut Env,
    pub(crate) environment: &'a Rc<Environment>,
    pub(crate) arguments: &'a Arguments,
}

impl Deref for Call<'_> {
    type Target = Arguments;

    fn deref(&self) -> &Arguments {
        self.arguments
    }
}

impl Call<'_> {
    /// The first argument: the object that the call is for.
    pub(crate) fn object(&self) -> Result<ObjectId> {
        self.number(0).map(ObjectId::from)
    }

    /// Calls `with` with a string argument. A lone surrogate becomes U+FFFD; U+0000 is a character
    /// like any other. `None`: it is longer than a message may be, and was not converted.
    ///
    /// JavaScript must not run inside `with`: the text is in a buffer that all calls use. (It would
    /// panic.)
    pub(crate) fn text<T>(
        &self,
        index: usize,
        with: impl FnOnce(Cow<'_, str>) -> T,
    ) -> Result<Option<T>> {
        let TextBuffer { units, utf8 } = &mut *self.environment.text.borrow_mut();
        units.resize(USUAL_TEXT, 0);
        let length = self.arguments.read_text(index, units)?;
        if length + 1 < USUAL_TEXT {
            utf8.resize(UTF8_PER_UNIT * USUAL_TEXT, 0);
            let text = utf16::to_utf8(&units[..length], utf8);
            return Ok(Some(with(Cow::Borrowed(text))));
        }
        // Full to the terminating zero: there may be more.
        let length = self.arguments.text_length(index)?;
        if length > MAX_SEND {
            return Ok(None);
        }
        let mut units = vec![0; length + 1];
        let length = self.arguments.read_text(index, &mut units)?;
        Ok(Some(with(Cow::Owned(utf16::to_string(&units[..length])))))
    }

    /// A string argument; see [`text`](Self::text).
    pub(crate) fn string(&self, index: usize) -> Result<Option<String>> {
        self.text(index, |text| text.into_owned())
    }
}
