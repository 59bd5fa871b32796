/**
 * A card of XRT's mode `noop` that answers. All libxrt calls are made as for a card; that mode computes nothing,
 * so the model computes the answers of the NIC. This measures the whole cost of a run on the host.
 *
 * @module
 */

import { createModelDevice } from "../../runtime/device/model.ts";
import type { Device } from "../../runtime/device/device.ts";
import { MOVER, moverInstances } from "../../kernels/rtl/movers.ts";
import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
import { createCardPackets } from "../../runtime/device/xrt/device/card_packets.ts";
import type { XrtDevice } from "../../runtime/device/xrt/binding/device.ts";

/**
 * Creates the device.
 *
 * @param card An open card in mode `noop`; the caller closes it.
 * @returns A device with the model's profile, for plans that answer each packet by one.
 */
export async function createNoopCard(card: XrtDevice): Promise<Device> {
  await card.load(emulatedXclbin());
  const { packets: instance } = moverInstances("onpath_image_host_0");
  const packets = createCardPackets(
    card,
    card.kernel(`${MOVER.packets}:{${instance}}`, { exclusive: true }),
  );
  const model = createModelDevice();
  return {
    ...model,
    exchange: async (exchange, options = {}) => {
      await packets.exchange(exchange, 1, options);
      return await model.exchange(exchange, options);
    },
  };
}
