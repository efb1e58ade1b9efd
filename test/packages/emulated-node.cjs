// Preloaded where Node itself runs in an emulator: what the tests start as process.execPath starts the emulator too.
process.execPath = process.env.EMULATED_NODE;
