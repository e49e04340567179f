//! What an attribute may answer: items and no mistake, or mistakes, each with a message and a place
//! in what the user wrote.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::declaration::Sample;
use crate::diag::text;

/// A right answer.
pub(super) enum Verdict {
    Items,
    Mistakes,
}

/// A `compile_error!` and where it points.
struct Mistake {
    message: String,
    from: Span,
    to: Span,
}

pub(super) fn judge(sample: &Sample, tokens: TokenStream) -> Result<Verdict, String> {
    let (mistakes, rest) = mistakes(tokens);
    let verdict = if mistakes.is_empty() { Verdict::Items } else { Verdict::Mistakes };
    for mistake in &mistakes {
        placed(sample, mistake)?;
    }
    let Err(error) = syn::parse2::<syn::File>(rest.clone()) else { return Ok(verdict) };
    // An item that could not be read is handed back as it came, beside its mistakes.
    if matches!(verdict, Verdict::Mistakes) && rest.to_string() == sample.item.to_string() {
        return Ok(verdict);
    }
    Err(format!("what it wrote are no items ({error}):\n{rest}"))
}

fn placed(sample: &Sample, mistake: &Mistake) -> Result<(), String> {
    let Mistake { message, from, to } = mistake;
    if message.is_empty() {
        return Err(String::from("a mistake without a message"));
    }
    let is_somewhere = |span: &Span| !span.byte_range().is_empty() && span.source_text().is_some();
    // A kind that is missing is a mistake of the attribute itself.
    let is_the_attribute = *message == text::NEEDS_KIND.escape_default().to_string();
    let nothing_to_point_at = sample.item.is_empty() || is_the_attribute;
    if (is_somewhere(from) && is_somewhere(to)) || nothing_to_point_at {
        return Ok(());
    }
    Err(format!("this mistake has no place: {message}"))
}

/// The leading `::core::compile_error! { "…" }`s, and what follows them.
fn mistakes(tokens: TokenStream) -> (Vec<Mistake>, TokenStream) {
    let mut rest: Vec<TokenTree> = tokens.into_iter().collect();
    let mut mistakes = Vec::new();
    while let Some(mistake) = mistake(&rest) {
        mistakes.push(mistake);
        rest.drain(..8);
    }
    (mistakes, rest.into_iter().collect())
}

fn mistake(tokens: &[TokenTree]) -> Option<Mistake> {
    let [
        first,
        _,
        TokenTree::Ident(core),
        _,
        _,
        TokenTree::Ident(word),
        _,
        TokenTree::Group(text),
        ..,
    ] = tokens
    else {
        return None;
    };
    if core != "core" || word != "compile_error" || text.delimiter() != Delimiter::Brace {
        return None;
    }
    let message = text.stream().to_string();
    Some(Mistake { message: message.trim_matches('"').into(), from: first.span(), to: text.span() })
}
