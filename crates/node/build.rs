//! Link arguments of a Node.js add-on (among them `-z nodelete`: the network thread outlives a
//! worker thread that loaded the module).
fn main() {
    napi_build::setup();
}
