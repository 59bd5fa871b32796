/**
 * A card of XRT's mode `noop` that answers: all calls of libxrt are made as for a card, and as that mode computes
 * nothing, the model computes what the NIC would have sent. What a run costs on the host is so measured whole.
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
 * Makes the device.
 *
 * @param card An open card in mode `noop`; it stays the caller's to close.
 * @returns A device with the model's profile, for plans that answer each packet by one.
 */
export async function createNoopCard(card: XrtDevice): Promise<Device> {
  await card.load(emulatedXclbin());
  const { packets: instance } = moverInstances("onpath_image_0");
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
