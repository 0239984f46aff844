//! The compiler.

use knarr_spec::{Seccomp, Syscall};

use crate::action::Action;
use crate::arch::Arch;
use crate::assemble::{Assembler, JUMP_EQUAL, JUMP_GREATER_EQUAL, Label};
use crate::condition::Condition;
use crate::program::flags;
use crate::{Error, Program, Result};

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
/// The bit of all x32 numbers.
const X32: u32 = 0x4000_0000;
/// What the kernel takes (`BPF_MAXINSNS`).
pub(crate) const MOST: usize = 4096;

/// What is done about one call number: the conditional rules in order, then this.
struct Verdict<'a> {
    rules: Vec<&'a Rule<'a>>,
    otherwise: Action,
}

impl Verdict<'_> {
    /// Without conditions.
    fn plain(otherwise: Action) -> Self {
        Self { rules: Vec::new(), otherwise }
    }
}

impl PartialEq for Verdict<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.otherwise == other.otherwise
            && self.rules.len() == other.rules.len()
            && self.rules.iter().zip(&other.rules).all(|(one, two)| one.does_as(two))
    }
}

/// Call numbers from `first` to before the next range's.
struct Range<'a> {
    first: u32,
    verdict: Verdict<'a>,
}

/// Compiles for the machine that this runs on.
pub fn compile(profile: &Seccomp) -> Result<Program> {
    compile_for(profile, Arch::NATIVE)
}

/// Compiles for machines whose own interface is `native`; it is always among the interfaces that may be used.
pub fn compile_for(profile: &Seccomp, native: Arch) -> Result<Program> {
    let default = Action::parse(&profile.default_action, profile.default_errno_ret)?;
    let mut arches = vec![native];
    for name in &profile.architectures {
        arches.extend(Arch::parse(name)?);
    }
    arches.sort_unstable();
    arches.dedup();
    let rules = rules(&profile.syscalls)?;
    let notifies = check_notifications(profile, default, &rules)?;
    let mut code = Assembler::default();
    let start = program(&mut code, &arches, &rules, default);
    let filter = code.finish(start);
    if filter.len() > MOST {
        return Err(Error::TooLong(filter.len()));
    }
    Ok(Program { filter, flags: flags(&profile.flags, notifies)? })
}

/// Whether some call is answered by a listener, as far as that can be.
fn check_notifications(profile: &Seccomp, default: Action, rules: &[Rule<'_>]) -> Result<bool> {
    if default.notifies() {
        return Err(Error::NotifyAll);
    }
    let mut asked = rules.iter().filter(|rule| rule.action.notifies()).peekable();
    let notifies = asked.peek().is_some();
    if notifies && profile.listener_path.is_empty() {
        return Err(Error::NoListener);
    }
    if asked.any(|rule| rule.names.iter().any(|name| name == "sendmsg")) {
        return Err(Error::NotifySendmsg);
    }
    Ok(notifies)
}

/// A checked rule.
struct Rule<'a> {
    names: &'a [String],
    action: Action,
    conditions: Vec<Condition>,
}

impl Rule<'_> {
    /// Whether it does the same, for whichever calls.
    fn does_as(&self, other: &Self) -> bool {
        self.action == other.action && self.conditions == other.conditions
    }
}

fn rules(syscalls: &[Syscall]) -> Result<Vec<Rule<'_>>> {
    let mut rules = Vec::new();
    for syscall in syscalls {
        if syscall.names.is_empty() {
            return Err(Error::Profile("a rule names no system call"));
        }
        let action = Action::parse(&syscall.action, syscall.errno_ret)?;
        let conditions = syscall.args.iter().map(Condition::parse).collect::<Result<Vec<_>>>()?;
        let names = syscall.names.as_slice();
        if one_argument_twice(&conditions) {
            // As every runtime reads it: any of them, not all.
            let alone = conditions.into_iter().map(|one| Rule { names, action, conditions: vec![one] });
            rules.extend(alone);
        } else {
            rules.push(Rule { names, action, conditions });
        }
    }
    Ok(rules)
}

fn one_argument_twice(conditions: &[Condition]) -> bool {
    let seen_before = |place: usize| conditions[..place].iter().any(|other| other.index() == conditions[place].index());
    (0..conditions.len()).any(seen_before)
}

/// All interfaces; one that is not listed kills. The x32 calls come under x86_64's name, which need not be listed itself.
fn program(code: &mut Assembler, arches: &[Arch], rules: &[Rule<'_>], default: Action) -> Label {
    let name = |arch: &Arch| if *arch == Arch::X32 { Arch::X86_64 } else { *arch };
    let mut names: Vec<Arch> = arches.iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    let interface = |code: &mut Assembler, arch| match arches.contains(&arch) {
        true => tree(code, &ranges(arch, rules, default)),
        false => code.answer(Action::KILL_PROCESS),
    };
    let mut next = code.answer(Action::KILL_PROCESS);
    for arch in names.into_iter().rev() {
        let mut own = interface(code, arch);
        if arch == Arch::X86_64 {
            let other = interface(code, Arch::X32);
            own = beside_x32(code, own, other);
        }
        let own = code.load(NUMBER, own);
        next = code.test(JUMP_EQUAL, arch.audit(), own, next);
    }
    code.load(ARCH, next)
}

/// Number -1 is a call that a tracer has skipped, and no x32 call.
fn beside_x32(code: &mut Assembler, own: Label, x32: Label) -> Label {
    let other = code.test(JUMP_EQUAL, u32::MAX, own, x32);
    code.test(JUMP_GREATER_EQUAL, X32, other, own)
}

/// Neighbours of one verdict, in order, from 0 on. Behind the last number that the profile knows, a default of "errno"
/// becomes "no such call": a C library then takes its older way.
fn ranges<'a>(arch: Arch, rules: &'a [Rule<'a>], default: Action) -> Vec<Range<'a>> {
    let calls = calls(arch, rules);
    let mut ranges = vec![Range { first: 0, verdict: Verdict::plain(default) }];
    let mut expected = 0;
    for same in calls.chunk_by(|(one, _), (other, _)| one == other) {
        let (number, _) = same[0];
        if number > expected {
            put(&mut ranges, expected, Verdict::plain(default));
        }
        put(&mut ranges, number, verdict(same, rules, default));
        expected = number + 1;
    }
    let beyond = if default.is_errno() { Action::NO_SUCH_CALL } else { default };
    put(&mut ranges, expected, Verdict::plain(beyond));
    ranges
}

fn put<'a>(ranges: &mut Vec<Range<'a>>, first: u32, verdict: Verdict<'a>) {
    match ranges.last_mut() {
        Some(last) if last.first == first => last.verdict = verdict,
        Some(last) if last.verdict == verdict => {}
        _ => ranges.push(Range { first, verdict }),
    }
}

/// The calls that the rules are about: number and index of the rule, in order.
fn calls(arch: Arch, rules: &[Rule<'_>]) -> Vec<(u32, usize)> {
    let mut calls = Vec::with_capacity(rules.iter().map(|rule| rule.names.len()).sum());
    for (index, rule) in rules.iter().enumerate() {
        calls.extend(rule.names.iter().filter_map(|name| Some((arch.number(name)?, index))));
    }
    calls.sort_unstable();
    calls
}

/// What all rules about one call come to: of those without a condition the first decides.
fn verdict<'a>(calls: &[(u32, usize)], rules: &'a [Rule<'a>], default: Action) -> Verdict<'a> {
    let about = || calls.iter().map(|(_, index)| &rules[*index]);
    let otherwise = about().find(|rule| rule.conditions.is_empty()).map_or(default, |rule| rule.action);
    Verdict { rules: about().filter(|rule| !rule.conditions.is_empty()).collect(), otherwise }
}

/// A balanced tree over the ranges.
fn tree(code: &mut Assembler, ranges: &[Range<'_>]) -> Label {
    match ranges {
        [] => code.answer(Action::KILL_PROCESS),
        [one] => leaf(code, &one.verdict),
        _ => {
            let (below, above) = ranges.split_at(ranges.len() / 2);
            let high = tree(code, above);
            let low = tree(code, below);
            code.test(JUMP_GREATER_EQUAL, above[0].first, high, low)
        }
    }
}

fn leaf(code: &mut Assembler, verdict: &Verdict<'_>) -> Label {
    let mut next = code.answer(verdict.otherwise);
    if verdict.rules.iter().all(|rule| rule.action == verdict.otherwise) {
        return next;
    }
    for rule in verdict.rules.iter().rev() {
        let fails = next;
        next = code.answer(rule.action);
        for condition in rule.conditions.iter().rev() {
            next = condition.emit(code, next, fails);
        }
    }
    next
}
