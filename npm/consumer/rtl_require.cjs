// Loads the RTL device as CommonJS; a top-level await in the package would make this fail.
const { createRtlDevice } = require("onpath");

createRtlDevice().then(async (device) => {
  console.log(JSON.stringify({ device: device.profile.name, cycles: device.counters().cycles }));
  await device.close();
});
