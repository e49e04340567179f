//! Questions to a type as it is written. Names are all that a macro sees: an alias of a pointer is
//! no pointer here, which is why every such case has a mark.

use syn::{PathArguments, PointerMutability, Type, TypePtr};

/// The type without the groups that other macros put around it.
pub(crate) fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        _ => ty,
    }
}

pub(crate) fn pointer(ty: &Type) -> Option<&TypePtr> {
    match peeled(ty) {
        Type::Ptr(pointer) => Some(pointer),
        _ => None,
    }
}

/// What a `*mut` pointer points to.
pub(crate) fn mut_pointee(ty: &Type) -> Option<&Type> {
    pointer(ty)
        .filter(|pointer| matches!(pointer.mutability, PointerMutability::Mut(_)))
        .map(|pointer| &*pointer.elem)
}

/// The last word of a path without generic arguments.
pub(crate) fn bare_word(ty: &Type) -> Option<String> {
    let Type::Path(path) = peeled(ty) else { return None };
    let plain = path.qself.is_none()
        && path.path.segments.iter().all(|part| matches!(part.arguments, PathArguments::None));
    let last = path.path.segments.last()?;
    plain.then(|| last.ident.to_string())
}

pub(crate) fn is_void(ty: &Type) -> bool {
    bare_word(ty).is_some_and(|word| word == "c_void")
}

/// Whether this is how a context is written.
pub(crate) fn is_mut_void(ty: &Type) -> bool {
    mut_pointee(ty).is_some_and(is_void)
}

pub(crate) fn is_reference(ty: &Type) -> bool {
    matches!(peeled(ty), Type::Reference(_))
}

pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(peeled(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

pub(crate) fn is_c_int(ty: &Type) -> bool {
    bare_word(ty).is_some_and(|word| word == "c_int" || word == "i32")
}

/// Whether the word is one of the numbers and the like that C passes by value.
pub(crate) fn is_scalar(word: &str) -> bool {
    const RUST: &[&str] = &[
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    // `c_int`, `size_t`, `uint64_t`, `off_t`, … : a callback typedef may end in `_t` as well, so
    // these are listed too.
    const C: &[&str] = &[
        "c_char",
        "c_double",
        "c_float",
        "c_int",
        "c_long",
        "c_longlong",
        "c_schar",
        "c_short",
        "c_uchar",
        "c_uint",
        "c_ulong",
        "c_ulonglong",
        "c_ushort",
        "c_void",
        "int16_t",
        "int32_t",
        "int64_t",
        "int8_t",
        "intptr_t",
        "off_t",
        "pid_t",
        "ptrdiff_t",
        "size_t",
        "ssize_t",
        "time_t",
        "uint16_t",
        "uint32_t",
        "uint64_t",
        "uint8_t",
        "uintptr_t",
    ];
    RUST.contains(&word) || C.contains(&word)
}
