//! What reads photos for the engines.

fn main() {
    robust_web::reader::start();
}
