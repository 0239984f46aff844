//! Netlink messages (netlink(7)): a 16-byte head, a family's fixed struct, attributes padded to four bytes.

/// Size of `struct nlmsghdr`.
pub(crate) const HEAD: usize = 16;
/// `NLA_F_NESTED`.
const NESTED: u16 = 1 << 15;
/// The bits of an attribute's type that are not flags (`NLA_TYPE_MASK`).
const TYPE_MASK: u16 = 0x3fff;

/// Flags of a request (linux/netlink.h).
pub mod flag {
    /// It is a request; always set.
    pub const REQUEST: u16 = 0x1;
    /// An answer is wanted even where all went well.
    pub const ACK: u16 = 0x4;
    /// All that there are.
    pub const DUMP: u16 = 0x300;
    /// What is there already is an error.
    pub const EXCLUSIVE: u16 = 0x200;
    /// What is not there is made.
    pub const CREATE: u16 = 0x400;
    /// Behind what is there.
    pub const APPEND: u16 = 0x800;
    /// What makes something new.
    pub const NEW: u16 = CREATE | EXCLUSIVE;
}

/// A request under construction.
pub struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A request of this type; [`flag::REQUEST`] is always set.
    pub fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; HEAD];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | flag::REQUEST).to_ne_bytes());
        Self { bytes }
    }

    /// Appends the family's fixed struct (or a part of it).
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self.pad();
        self
    }

    /// Appends an attribute.
    pub fn attribute(mut self, kind: u16, data: &[u8]) -> Self {
        self.push(kind, data);
        self
    }

    /// Appends a number in the host's byte order, as rtnetlink wants it.
    pub fn number(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Appends a number in network byte order, as nf_tables wants it.
    pub fn big(self, kind: u16, value: u32) -> Self {
        self.attribute(kind, &value.to_be_bytes())
    }

    /// Appends a text with its terminating zero.
    pub fn text(self, kind: u16, text: &str) -> Self {
        let mut data = text.as_bytes().to_vec();
        data.push(0);
        self.attribute(kind, &data)
    }

    /// Appends an attribute that holds what `fill` appends.
    pub fn nest(mut self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self.push(kind | NESTED, &[]);
        let mut filled = fill(self);
        let length = (filled.bytes.len() - start) as u16;
        filled.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        filled
    }

    /// The finished bytes under this sequence number.
    pub(crate) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = self.bytes.len() as u32;
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }

    /// Asks for an answer even where all went well.
    pub(crate) fn with_ack(mut self) -> Self {
        self.bytes[6] |= flag::ACK as u8;
        self
    }

    fn push(&mut self, kind: u16, data: &[u8]) {
        let length = (4 + data.len()) as u16;
        self.bytes.extend_from_slice(&length.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(data);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// Reads the attributes of an answer; stops at the first malformed one.
pub struct Attributes<'a>(pub &'a [u8]);

impl<'a> Attributes<'a> {
    /// The first attribute of this type.
    pub fn get(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find(|(found, _)| *found == kind).map(|(_, data)| data)
    }

    /// A number in the host's byte order.
    pub fn number(self, kind: u16) -> Option<u32> {
        self.get(kind)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
    }

    /// A zero-terminated text.
    pub fn text(self, kind: u16) -> Option<String> {
        let data = self.get(kind)?;
        let text = data.strip_suffix(&[0]).unwrap_or(data);
        String::from_utf8(text.to_vec()).ok()
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = u16::from_ne_bytes(*self.0.first_chunk()?) as usize;
        let kind = u16::from_ne_bytes(*self.0.get(2..)?.first_chunk()?) & TYPE_MASK;
        let data = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_attributes_are_read_as_they_were_written() {
        let bytes = Message::new(7, 0).nest(3, |m| m.text(1, "ab").number(2, 9)).finish(5);
        assert_eq!(bytes.len(), u32::from_ne_bytes(bytes[..4].try_into().unwrap()) as usize);
        let inner = Attributes(&bytes[HEAD..]).get(3).unwrap();
        assert_eq!(Attributes(inner).text(1).as_deref(), Some("ab"));
        assert_eq!(Attributes(inner).number(2), Some(9));
    }

    #[test]
    fn malformed_attributes_end_the_list() {
        for bytes in [&[1, 0][..], &[3, 0, 1, 0], &[200, 0, 1, 0, 5]] {
            assert_eq!(Attributes(bytes).next(), None);
        }
    }
}
