//! The page.

fn main() {
    robust_web::page::start();
}
