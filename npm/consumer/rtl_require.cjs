// The RTL device of the package as CommonJS, which a top-level await would keep from loading.
const { createRtlDevice } = require("onpath");

createRtlDevice().then(async (device) => {
  console.log(JSON.stringify({ device: device.profile.name, cycles: device.counters().cycles }));
  await device.close();
});
