//! Numbers as people read them. The browser writes them: Rust's own way would be a hundredth of the
//! page.

use js_sys::Number;

/// With so many digits after the point.
pub fn fixed(value: f64, digits: u8) -> String {
    Number::from(value).to_fixed(digits).map_or_else(|_| String::new(), String::from)
}

/// As few digits as tell it from its neighbours.
pub fn plain(value: f64) -> String {
    Number::from(value).to_string_with_radix(10).map_or_else(|_| String::new(), String::from)
}

/// A share in [0, 1].
pub fn percent(share: f32, digits: u8) -> String {
    [&*fixed(100.0 * f64::from(share), digits), " %"].concat()
}

/// A class name with its article.
pub fn one(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    [if vowel { "an " } else { "a " }, name].concat()
}
