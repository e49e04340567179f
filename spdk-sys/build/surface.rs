//! Owns the reading of `api/*.txt`, the one list of what is bound: bindgen's allowlist and the
//! surface test both come from it.
//!
//! A line is a function's name, or `type NAME`, or `const NAME`; `#` starts a comment.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The bound symbols, by kind, sorted by name.
#[derive(Default)]
pub(crate) struct Surface {
    pub(crate) functions: BTreeSet<String>,
    pub(crate) types: BTreeSet<String>,
    pub(crate) constants: BTreeSet<String>,
}

impl Surface {
    /// Reads every list in `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        println!("cargo::rerun-if-changed={}", folder.display());
        let unreadable = |error| format!("cannot read {}: {error}", folder.display());
        let mut surface = Self::default();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            for (index, line) in text.lines().enumerate() {
                surface
                    .add(line)
                    .map_err(|problem| format!("{}:{}: {problem}", path.display(), index + 1))?;
            }
        }
        Ok(surface)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let symbol = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = symbol.split_whitespace().collect();
        let (set, name) = match words[..] {
            [] => return Ok(()),
            [name] => (&mut self.functions, name),
            ["type", name] => (&mut self.types, name),
            ["const", name] => (&mut self.constants, name),
            _ => {
                return Err(format!("`{line}` is none of `NAME`, `type NAME`, `const NAME`"));
            }
        };
        if !set.insert(name.to_owned()) {
            return Err(format!("`{name}` is listed twice"));
        }
        Ok(())
    }

    /// Writes `surface.rs`, three macro-free tables of the listed symbols for `tests/surface.rs`.
    ///
    /// Each entry names the symbol as an item of `spdk_sys`, so a missing one does not compile.
    pub(crate) fn write_test_list(&self, out: &Path) -> Result<(), String> {
        let mut text = String::new();
        let mut table = |item: &str, names: &BTreeSet<String>, value: fn(&str) -> String| {
            writeln!(text, "fn {item} -> Vec<(&'static str, usize)> {{\n    vec![").ok();
            for name in names {
                writeln!(text, "        (\"{name}\", {}),", value(name)).ok();
            }
            writeln!(text, "    ]\n}}").ok();
        };
        table("function_addresses()", &self.functions, |name| {
            format!("spdk_sys::{name} as *const () as usize")
        });
        table("type_sizes()", &self.types, |name| {
            format!("std::mem::size_of::<spdk_sys::{name}>()")
        });
        table("constant_sizes()", &self.constants, |name| {
            format!("std::mem::size_of_val(&spdk_sys::{name})")
        });
        let path = out.join("surface.rs");
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}
