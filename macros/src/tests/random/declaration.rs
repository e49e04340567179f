//! Random declarations: mostly as they should be, with one deviation here and there, so that the
//! later stages of the macros get their share.

use std::fmt;

use fastrand::Rng;
use proc_macro2::TokenStream;

use super::tokens::{damaged, grouped, lex, soup};
use super::words::*;
use crate::tests::Attribute;

/// One random use of an attribute.
pub(super) struct Sample {
    pub(super) attribute: Attribute,
    pub(super) args: TokenStream,
    pub(super) item: TokenStream,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, args, item } = self;
        writeln!(f, "#[{attribute:?}({args})]\n{item}")
    }
}

pub(super) fn sample(rng: &mut Rng) -> Sample {
    let attribute = if rng.bool() { Attribute::SpdkCallback } else { Attribute::SpdkAsync };
    // How often something is amiss: in a good part of the cases nowhere.
    let mut dice = Dice { strange: [0, 0, 0, 4, 12][rng.usize(..5)], rng };
    let args = dice.arguments(attribute);
    let item = match attribute {
        _ if dice.amiss() => dice.other_item(),
        Attribute::SpdkCallback => dice.alias(),
        Attribute::SpdkAsync => dice.function_or_block(),
    };
    let (rng, is_strange) = (dice.rng, dice.strange > 0);
    let mut sample = Sample { attribute, args: lex(&args), item: lex(&item) };
    if is_strange && rng.u8(..4) == 0 {
        sample.item = damaged(rng, sample.item);
    }
    if is_strange && rng.u8(..8) == 0 {
        sample.args = damaged(rng, sample.args);
    }
    if rng.u8(..6) == 0 {
        sample.item = grouped(rng, sample.item);
        sample.args = grouped(rng, sample.args);
    }
    sample
}

/// Decides, and knows how bad it may get.
struct Dice<'a> {
    rng: &'a mut Rng,
    /// In a hundred.
    strange: u8,
}

impl Dice<'_> {
    fn amiss(&mut self) -> bool {
        self.rng.u8(..100) < self.strange
    }

    fn chance(&mut self, in_a_hundred: u8) -> bool {
        self.rng.u8(..100) < in_a_hundred
    }

    fn one(&mut self, words: &[&'static str]) -> &'static str {
        pick(self.rng, words)
    }

    /// One of the first, or, if something is amiss, of the second.
    fn one_or(&mut self, good: &[&'static str], strange: &[&'static str]) -> &'static str {
        if self.amiss() { self.one(strange) } else { self.one(good) }
    }

    fn arguments(&mut self, attribute: Attribute) -> String {
        let (words, is_callback) = match attribute {
            Attribute::SpdkCallback => (CALLBACK_ARGUMENTS, true),
            Attribute::SpdkAsync => (ASYNC_ARGUMENTS, false),
        };
        let mut args = Vec::new();
        if (is_callback || self.chance(40)) && !self.amiss() {
            args.push(self.one(KINDS));
        }
        if !is_callback && !self.amiss() {
            args.push("sys = sys");
        }
        if self.chance(40) {
            let argument = self.one_or(words, STRANGE_ARGUMENTS);
            // A second `sys` is a mistake, and should be as rare as the others.
            if self.strange > 0 || args.iter().all(|arg| !argument.starts_with(&arg[..3])) {
                args.push(argument);
            }
        }
        if self.amiss() {
            args.push(self.one(STRANGE_ARGUMENTS));
        }
        let comma = if self.amiss() { " " } else { ", " };
        args.join(comma)
    }

    fn other_item(&mut self) -> String {
        if self.rng.bool() {
            return soup(self.rng);
        }
        format!("{} {}", self.one(VISIBILITIES), self.one(OTHER_ITEMS))
    }

    fn before(&mut self) -> String {
        let mut before = String::new();
        while self.chance(25) {
            before += self.one(BEFORE_ITEMS);
            before.push(' ');
        }
        before + self.one(VISIBILITIES)
    }

    fn generics(&mut self) -> &'static str {
        if self.amiss() { self.one(GENERICS) } else { "" }
    }

    fn name(&mut self) -> &'static str {
        self.one_or(NAMES, NO_NAMES)
    }

    /// What is written, unless something is amiss.
    fn unless_amiss(&mut self, word: &'static str, instead: &'static str) -> &'static str {
        if self.amiss() { instead } else { word }
    }

    fn marks(&mut self, words: &[&'static str], in_a_hundred: u8) -> String {
        let mut marks = String::new();
        if self.chance(in_a_hundred) {
            marks += self.one(words);
        }
        if self.amiss() {
            marks += self.one_or(STRANGE_MARKS, words);
        }
        marks
    }

    fn alias(&mut self) -> String {
        let mut params = Vec::new();
        for index in 0..self.rng.usize(0..4) {
            params.push(self.callback_param(index));
        }
        let place = self.rng.usize(..=params.len());
        if !self.amiss() {
            params.insert(place, String::from("#[context] ctx: *mut c_void"));
        }
        if self.amiss() {
            params.push(String::from("..."));
        }
        let (before, name, generics) = (self.before(), self.one(NAMES), self.generics());
        let lifetimes = self.unless_amiss("", "for<'a>");
        let unsafety = self.unless_amiss("unsafe", "");
        let abi = self.unless_amiss("extern \"C\"", "extern \"system\"");
        let returns = if self.chance(10) { self.one_or(RETURNS, STRANGE_RETURNS) } else { "" };
        let params = params.join(", ");
        let function = format!("{lifetimes} {unsafety} {abi} fn({params}) {returns}");
        let ty = match self.rng.u8(..20) {
            0 if self.strange > 0 => format!("Option<{function}>"),
            1 => format!("({function})"),
            _ => function,
        };
        let clause = self.unless_amiss("", "where u8: Copy");
        let end = self.unless_amiss(";", "");
        format!("{before} type {name}{generics} = {ty} {clause}{end}")
    }

    /// Mostly a mark with a type that it goes with.
    fn callback_param(&mut self, index: usize) -> String {
        let (marks, ty) = match self.rng.u8(..8) {
            0 => ("#[free(sys::free)]", "*mut lib_t"),
            1 => ("#[handle(close = sys::close)]", "*mut sys::lib_t"),
            2 => ("#[copy]", "*const sys::stat"),
            3 => ("#[value]", "*mut u8"),
            4 if self.strange > 0 => ("#[status(errno)]", "c_int"),
            _ => ("", "u32"),
        };
        let marks = if self.amiss() { self.marks(CALLBACK_MARKS, 100) } else { marks.into() };
        let ty = if self.amiss() { self.one_or(TYPES, STRANGE_TYPES) } else { ty };
        match self.rng.u8(..6) {
            0 if marks.is_empty() => ty.into(),
            1 if self.strange > 0 => format!("{marks} {}: {ty}", self.name()),
            _ => format!("{marks} name{index}: {ty}"),
        }
    }

    fn function_or_block(&mut self) -> String {
        if !self.chance(20) {
            return self.function();
        }
        let unsafety = self.unless_amiss("unsafe", "");
        let abi = self.unless_amiss("extern \"C\"", "extern \"system\"");
        let before = self.before();
        let inner = if self.chance(30) { "#![link(name = \"y\")]" } else { "" };
        let mut functions = String::new();
        for _ in 0..self.rng.usize(0..4) {
            functions += &if self.amiss() { self.other_item() } else { self.function() };
            functions.push('\n');
        }
        // A visibility does not belong on a block.
        let before = if self.amiss() { before } else { String::from("#[link(name = \"x\")]") };
        format!("{before} {unsafety} {abi} {{ {inner} {functions} }}")
    }

    fn function(&mut self) -> String {
        let mut params: Vec<String> = Vec::new();
        for index in 0..self.rng.usize(0..4) {
            params.push(self.function_param(index));
        }
        let place = self.rng.usize(..=params.len());
        if !self.amiss() {
            params.insert(place, String::from("#[context] ctx: *mut c_void"));
        }
        let place = self.rng.usize(..=params.len());
        if !self.amiss() {
            params.insert(place, String::from("#[callback] cb: done_cb"));
        }
        if self.amiss() {
            params.push(String::from("..."));
        }
        if self.amiss() {
            params.insert(0, String::from("&mut self"));
        }
        let (before, qualifier) = (self.before(), self.qualifier());
        let (name, generics) = (self.name(), self.generics());
        let (returns, params) = (self.one_or(RETURNS, STRANGE_RETURNS), params.join(", "));
        let end = self.unless_amiss(";", "{ mac!{ #[x] }; let a = 1; }");
        format!("{before} {qualifier} fn {name}{generics}({params}) {returns} {end}")
    }

    fn qualifier(&mut self) -> &'static str {
        const STRANGE: &[&str] =
            &["", "safe", "async unsafe", "const unsafe", "unsafe extern \"system\"", "extern"];
        self.one_or(&["unsafe", "unsafe extern \"C\""], STRANGE)
    }

    fn function_param(&mut self, index: usize) -> String {
        let ty = self.one_or(TYPES, STRANGE_TYPES);
        let marks = match self.rng.u8(..4) {
            0 => String::from("#[keep]"),
            1 if ty.starts_with("*mut ") && !ty.contains("void") => String::from("#[out]"),
            2 => self.marks(ASYNC_MARKS, self.strange * 4),
            _ => String::new(),
        };
        if self.strange > 0 && self.chance(20) {
            return format!("{marks} {}: {ty}", self.name());
        }
        format!("{marks} name{index}: {ty}")
    }
}
