//! What stands in the place of the codec where compression is switched off: a connection without
//! it never uses this.
use super::DeflateParams;
use crate::{ProtocolError, Role};

pub(crate) enum NoDeflater {}

impl NoDeflater {
    pub(crate) fn new(_: &DeflateParams, _: Role) -> Option<NoDeflater> {
        None
    }

    pub(crate) fn compress(&mut self, _: &[u8]) -> Option<&[u8]> {
        match *self {}
    }

    pub(crate) fn compress_fragment(&mut self, _: &[u8], _: bool) -> &[u8] {
        match *self {}
    }

    pub(crate) fn is_disposable(&self) -> bool {
        match *self {}
    }

    pub(crate) fn release_buffers(&mut self) {
        match *self {}
    }
}

pub(crate) struct NoInflater;

impl NoInflater {
    pub(crate) fn new(_: &DeflateParams, _: Role) -> NoInflater {
        NoInflater
    }

    pub(crate) fn push(
        &mut self,
        _: &[u8],
        _: usize,
        _: &mut Vec<u8>,
        _: usize,
    ) -> Result<(), ProtocolError> {
        Err(ProtocolError::InvalidDeflate)
    }

    pub(crate) fn finish(&mut self, _: &mut Vec<u8>, _: usize) -> Result<(), ProtocolError> {
        Err(ProtocolError::InvalidDeflate)
    }

    pub(crate) fn is_disposable(&self) -> bool {
        true
    }
}
