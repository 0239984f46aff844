//! nf_tables messages (linux/netfilter/nf_tables.h) in nfnetlink batches.

use std::io;

use knarr_netlink::{Attributes, Message, Protocol, Reply, Socket, flag};

const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const FAMILY_IPV4: u8 = 2;

/// The messages used here; the subsystem is their high byte.
mod kind {
    pub(super) const NEW_TABLE: u16 = 0xa00;
    pub(super) const GET_TABLE: u16 = 0xa01;
    pub(super) const DELETE_TABLE: u16 = 0xa02;
    pub(super) const NEW_CHAIN: u16 = 0xa03;
    pub(super) const NEW_RULE: u16 = 0xa06;
    pub(super) const NEW_SET: u16 = 0xa09;
    pub(super) const NEW_ELEMENT: u16 = 0xa0c;
    pub(super) const GET_ELEMENT: u16 = 0xa0d;
    pub(super) const DELETE_ELEMENT: u16 = 0xa0e;
}

/// The first data register of 32 bits; the next ones follow.
pub(crate) const REGISTER: u32 = 8;
/// `NFTA_LIST_ELEM`.
const LIST_ELEMENT: u16 = 1;
/// `NFT_SET_MAP`.
const SET_IS_MAP: u32 = 0x8;

/// A transaction: all of it takes effect or nothing.
pub(crate) struct Batch {
    messages: Vec<Message>,
}

/// The shape of a set or map. Types are what the nft command calls them, so that it can list the set; the kernel only
/// looks at the lengths.
pub(crate) struct SetShape {
    pub(crate) name: &'static str,
    pub(crate) id: u32,
    pub(crate) key_type: u32,
    pub(crate) key_length: u32,
    /// Type and length of the values; none for a set.
    pub(crate) value: Option<(u32, u32)>,
}

/// An element of a set or map.
pub(crate) struct Element {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// As many elements as surely fit into one attribute (64 KiB).
const ELEMENTS_PER_MESSAGE: usize = 500;

impl Batch {
    /// An empty transaction.
    pub(crate) fn new() -> Self {
        Self { messages: Vec::new() }
    }

    /// Makes a table; fine where it is there.
    pub(crate) fn add_table(&mut self, table: &str) {
        self.push(message(kind::NEW_TABLE, flag::CREATE).text(1, table).big(2, 0));
    }

    /// Removes a table with all that is in it.
    pub(crate) fn delete_table(&mut self, table: &str) {
        self.push(message(kind::DELETE_TABLE, 0).text(1, table));
    }

    /// Makes a base chain that accepts by default.
    pub(crate) fn add_chain(&mut self, table: &str, name: &str, kind: &str, hook: u32, priority: i32) {
        let chain = message(kind::NEW_CHAIN, flag::CREATE)
            .text(1, table)
            .text(3, name)
            .nest(4, |m| m.big(1, hook).big(2, priority as u32))
            .big(5, 1)
            .text(7, kind);
        self.push(chain);
    }

    /// Appends a rule to a chain.
    pub(crate) fn add_rule(&mut self, table: &str, chain: &str, expressions: Vec<Expression>) {
        let rule = message(kind::NEW_RULE, flag::CREATE | flag::APPEND).text(1, table).text(2, chain).nest(4, |m| {
            expressions.into_iter().fold(m, |m, expression| m.nest(LIST_ELEMENT, |m| expression.encode(m)))
        });
        self.push(rule);
    }

    /// Makes a set or map.
    pub(crate) fn add_set(&mut self, table: &str, shape: &SetShape) {
        let flags = if shape.value.is_some() { SET_IS_MAP } else { 0 };
        let mut set = message(kind::NEW_SET, flag::CREATE)
            .text(1, table)
            .text(2, shape.name)
            .big(3, flags)
            .big(4, shape.key_type)
            .big(5, shape.key_length)
            .big(10, shape.id);
        if let Some((data_type, length)) = shape.value {
            set = set.big(6, data_type).big(7, length);
        }
        self.push(set);
    }

    /// Adds elements; fine where the very same are there.
    pub(crate) fn add_elements(&mut self, table: &str, set: &str, elements: &[Element]) {
        self.elements(kind::NEW_ELEMENT, flag::CREATE, table, set, elements);
    }

    /// Removes elements; the batch fails where one is missing.
    pub(crate) fn delete_elements(&mut self, table: &str, set: &str, elements: &[Element]) {
        self.elements(kind::DELETE_ELEMENT, 0, table, set, elements);
    }

    /// Puts it into the kernel of the calling thread's namespace.
    pub(crate) fn commit(self) -> io::Result<()> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let [high, low] = SUBSYSTEM.to_be_bytes();
        let bound = |kind| Message::new(kind, 0).fixed(&[0, 0, high, low]);
        Socket::open(Protocol::Netfilter)?.batch(bound(BATCH_BEGIN), self.messages, bound(BATCH_END))
    }

    fn elements(&mut self, kind: u16, flags: u16, table: &str, set: &str, elements: &[Element]) {
        for part in elements.chunks(ELEMENTS_PER_MESSAGE) {
            let list = |m: Message| part.iter().fold(m, |m, element| m.nest(LIST_ELEMENT, |m| element.encode(m)));
            self.push(message(kind, flags).text(1, table).text(2, set).nest(3, list));
        }
    }

    fn push(&mut self, message: Message) {
        self.messages.push(message);
    }
}

impl Element {
    fn encode(&self, message: Message) -> Message {
        let message = message.nest(1, |m| m.attribute(1, &self.key));
        match &self.value {
            Some(value) => message.nest(2, |m| m.attribute(1, value)),
            None => message,
        }
    }
}

/// The names of all IPv4 tables of the calling thread's namespace.
pub(crate) fn tables() -> io::Result<Vec<String>> {
    let replies = Socket::open(Protocol::Netfilter)?.dump(|| message(kind::GET_TABLE, flag::DUMP))?;
    let name = |reply: &Reply| Attributes(reply.body.get(4..)?).text(1);
    Ok(replies.iter().filter_map(name).collect())
}

/// The keys of a set's elements.
pub(crate) fn set_keys(table: &str, set: &str) -> io::Result<Vec<Vec<u8>>> {
    let request = || message(kind::GET_ELEMENT, flag::DUMP).text(1, table).text(2, set);
    let replies = Socket::open(Protocol::Netfilter)?.dump(request)?;
    let lists = replies.iter().filter_map(|reply| Attributes(reply.body.get(4..)?).get(3));
    let keys = lists.flat_map(Attributes).filter_map(|(_, element)| {
        let key = Attributes(element).get(1)?;
        Attributes(key).get(1).map(<[u8]>::to_vec)
    });
    Ok(keys.collect())
}

/// `struct nfgenmsg` of the IPv4 family.
fn message(kind: u16, flags: u16) -> Message {
    Message::new(kind, flags).fixed(&[FAMILY_IPV4, 0, 0, 0])
}

/// An nf_tables expression: its name and how its attributes are written.
pub(crate) struct Expression {
    name: &'static str,
    fill: Box<dyn FnOnce(Message) -> Message>,
}

/// What `meta` can load (enum nft_meta_keys).
#[derive(Clone, Copy)]
pub(crate) enum Meta {
    /// The name of the link that it came in by.
    InName = 6,
    /// The name of the link that it goes out by.
    OutName = 7,
    /// The transport protocol's number.
    Transport = 16,
}

/// Where a payload offset begins (enum nft_payload_bases).
#[derive(Clone, Copy)]
pub(crate) enum Base {
    /// The IP header.
    Network = 1,
    /// The TCP, UDP or SCTP header.
    Transport = 2,
}

/// What `ct` can load (enum nft_ct_keys).
#[derive(Clone, Copy)]
pub(crate) enum Ct {
    /// Bits of the connection's state.
    State = 0,
    /// Bits of what was done to it.
    Status = 2,
}

impl Expression {
    fn new(name: &'static str, fill: impl FnOnce(Message) -> Message + 'static) -> Self {
        Self { name, fill: Box::new(fill) }
    }

    fn encode(self, message: Message) -> Message {
        message.text(1, self.name).nest(2, self.fill)
    }

    /// Loads a fact about the packet.
    pub(crate) fn meta(key: Meta, register: u32) -> Self {
        Self::new("meta", move |m| m.big(1, register).big(2, key as u32))
    }

    /// Loads bytes of the packet.
    pub(crate) fn payload(base: Base, offset: u32, length: u32, register: u32) -> Self {
        Self::new("payload", move |m| m.big(1, register).big(2, base as u32).big(3, offset).big(4, length))
    }

    /// Loads a fact about the packet's connection.
    pub(crate) fn ct(key: Ct, register: u32) -> Self {
        Self::new("ct", move |m| m.big(1, register).big(2, key as u32))
    }

    /// Loads the type of the destination address (`NFT_FIB_RESULT_ADDRTYPE`, `NFTA_FIB_F_DADDR`).
    pub(crate) fn destination_type(register: u32) -> Self {
        Self::new("fib", move |m| m.big(1, register).big(2, 3).big(3, 2))
    }

    /// Keeps only the bits of `mask`.
    pub(crate) fn mask(register: u32, mask: Vec<u8>) -> Self {
        let zero = vec![0; mask.len()];
        Self::new("bitwise", move |m| {
            let m = m.big(1, register).big(2, register).big(3, mask.len() as u32);
            m.nest(4, |m| m.attribute(1, &mask)).nest(5, |m| m.attribute(1, &zero))
        })
    }

    /// Ends the rule unless the register equals `value`, or does not equal it.
    pub(crate) fn compare(register: u32, equal: bool, value: Vec<u8>) -> Self {
        Self::new("cmp", move |m| m.big(1, register).big(2, u32::from(!equal)).nest(3, |m| m.attribute(1, &value)))
    }

    /// Ends the rule unless the set holds the key in the register; loads the value of a map.
    pub(crate) fn lookup(set: &'static str, register: u32, value: Option<u32>) -> Self {
        Self::new("lookup", move |m| {
            let m = m.text(1, set).big(2, register);
            value.into_iter().fold(m, |m, value| m.big(3, value))
        })
    }

    /// Replaces the destination by the address and the port in these registers.
    pub(crate) fn translate_destination(address: u32, port: u32) -> Self {
        Self::new("nat", move |m| m.big(1, 1).big(2, u32::from(FAMILY_IPV4)).big(3, address).big(5, port))
    }

    /// Replaces the source by the address of the outgoing link.
    pub(crate) fn masquerade() -> Self {
        Self::new("masq", |m| m)
    }

    /// Ends the chain: `NF_ACCEPT` or `NF_DROP` into the verdict's register.
    pub(crate) fn verdict(accept: bool) -> Self {
        Self::new("immediate", move |m| m.big(1, 0).nest(2, |m| m.nest(2, |m| m.big(1, u32::from(accept)))))
    }
}
