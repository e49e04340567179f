//! What generated code may name: absolute paths below the adapter and `::core`, what the user
//! wrote, and its own items, which begin with two underscores.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::all_cases;

/// The words of the user, and the paths that are neither theirs nor absolute.
struct Paths {
    theirs: HashSet<String>,
    /// Whether the user named another path for the adapter.
    renamed: bool,
    foreign: Vec<String>,
}

impl Paths {
    fn look_at(&mut self, path: &syn::Path, is_type: bool) {
        let Some(first) = path.segments.first() else { return };
        let word = first.ident.to_string();
        let adapter = word == "callback_adapter" && !self.renamed;
        let absolute = path.leading_colon.is_some() && (word == "core" || adapter);
        let own = word.starts_with("__") || matches!(word.as_str(), "Self" | "self");
        // A lone lower-case word in an expression is a local of ours.
        let local = !is_type
            && path.leading_colon.is_none()
            && path.segments.len() == 1
            && word.starts_with(|first: char| first.is_lowercase());
        if !(absolute || own || local || self.theirs.contains(&word)) {
            self.foreign.push(word);
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    // Attributes are not resolved as paths, but for those of the user.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_type_path(&mut self, ty: &'ast syn::TypePath) {
        self.look_at(&ty.path, true);
        for segment in &ty.path.segments {
            self.visit_path_arguments(&segment.arguments);
        }
        if let Some(qself) = &ty.qself {
            self.visit_qself(qself);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.look_at(path, false);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.look_at(&mac.path, true);
    }
}

fn words(tokens: TokenStream, found: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => drop(found.insert(word.to_string())),
            TokenTree::Group(group) => words(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

#[test]
fn generated_code_names_nothing_else() {
    for case in all_cases() {
        let renamed = case.args.contains("crate =");
        let mut paths = Paths { theirs: HashSet::new(), renamed, foreign: Vec::new() };
        for text in [case.args, case.item] {
            words(text.parse().expect("the case is lexed"), &mut paths.theirs);
        }
        paths.visit_file(&syn::parse2(case.expand()).expect("the expansion is items"));
        assert!(paths.foreign.is_empty(), "{}: {:?}", case.name, paths.foreign);
    }
}
