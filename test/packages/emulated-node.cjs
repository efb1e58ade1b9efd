// Preloaded where Node itself runs in an emulator: what the tests start as process.execPath starts the emulator too. Models
// take one thread each unless a test asks for more: threads that wait for one another spin, and emulated that costs most.
process.execPath = process.env.EMULATED_NODE;
require('node:os').availableParallelism = () => 1;
require('node:module').syncBuiltinESMExports();
