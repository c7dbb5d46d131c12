//! What makes models of other programs' checkpoints, for visitors who bring their own.

fn main() {
    robust_web::importer::start();
}
