//! Tokens in, text out.
//!
//! Each case of `callbacks` and `functions` has its expansion in `snapshots/`, formatted, so that a
//! change of what users will compile is seen where it is made. Renew them with
//! `BLESS=1 cargo test -p spdk-async-macros` and read the difference before committing it.

mod absolute_paths;
mod callbacks;
mod functions;
mod mistakes;
mod snapshot;

use proc_macro2::TokenStream;

/// The two attributes.
#[derive(Clone, Copy)]
enum Attribute {
    SpdkCallback,
    SpdkAsync,
}

/// One use of an attribute.
struct Case {
    name: &'static str,
    attribute: Attribute,
    args: &'static str,
    item: &'static str,
}

impl Case {
    /// What the attribute makes of the item.
    fn expand(&self) -> TokenStream {
        let parse = |text: &str| text.parse::<TokenStream>().expect("the case is lexed");
        let (args, item) = (parse(self.args), parse(self.item));
        match self.attribute {
            Attribute::SpdkCallback => crate::spdk_callback::run(args, item),
            Attribute::SpdkAsync => crate::spdk_async::run(args, item),
        }
    }

    fn expand_to_text(&self) -> String {
        let file = syn::parse2(self.expand()).expect("the expansion is items");
        prettyplease::unparse(&file)
    }
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    callbacks::CASES.iter().chain(functions::CASES)
}
