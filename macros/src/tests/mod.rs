//! Tokens in, text out.
//!
//! Each case of `callbacks` and `functions` has its expansion in `snapshots/`, formatted, so that a
//! change of what users will compile is seen where it is made. Renew them with
//! `BLESS=1 cargo test -p spdk-async-macros` and read the difference before committing it.

mod absolute_paths;
mod callbacks;
mod functions;
mod mistakes;
mod random;
mod shapes;
mod snapshot;

use proc_macro2::TokenStream;

/// The two attributes.
#[derive(Clone, Copy, Debug)]
enum Attribute {
    SpdkCallback,
    SpdkAsync,
}

impl Attribute {
    /// What the attribute makes of the item.
    fn run(self, args: TokenStream, item: TokenStream) -> TokenStream {
        match self {
            Self::SpdkCallback => crate::spdk_callback::run(args, item),
            Self::SpdkAsync => crate::spdk_async::run(args, item),
        }
    }
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
        self.attribute.run(parse(self.args), parse(self.item))
    }

    fn expand_to_text(&self) -> String {
        let file = syn::parse2(self.expand()).expect("the expansion is items");
        prettyplease::unparse(&file)
    }
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    callbacks::CASES.iter().chain(functions::CASES)
}
