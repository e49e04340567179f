//! An application whose main borrows from what starts it.

fn main() {
    let mut counter = 0;
    spdk_async::App::new("ui").run(async || counter += 1).expect("it runs"); // return it instead
}
