import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Picture } from '../pictures/decode.ts'
import { encodePng } from '../pictures/encode.ts'
import type { Abortable } from '../ports.ts'
import { loadExample, loadPicture } from './example.ts'
import { drawMap, type MapInit } from './map.ts'

/*
 * Work on whole pictures takes a second or two each; in a thread of its own it leaves the client's event loop to the network.
 */

const TASKS = {
  load: loadPicture,
  async reference({ picture, scratch }: { picture: Picture; scratch: string }) {
    const { referencePicture, RELIEF } = await loadExample(scratch)
    return referencePicture(picture, RELIEF)
  },
  png: async (picture: Picture) => encodePng(picture),
  map: async (init: MapInit) => encodePng(drawMap(init)),
}

type Tasks = typeof TASKS

/** Does one task in a thread of its own. Rejects with what it threw, or the signal's reason. */
export async function inStudio<Name extends keyof Tasks>(
  name: Name,
  input: Parameters<Tasks[Name]>[0],
  { signal }: Abortable = {},
): Promise<Awaited<ReturnType<Tasks[Name]>>> {
  signal?.throwIfAborted()
  const worker = new Worker(new URL(import.meta.url), { workerData: { name, input }, execArgv: [] })
  try {
    const [result] = await once(worker, 'message', { ...(signal && { signal }) })
    return result
  } finally {
    await worker.terminate()
  }
}

if (!isMainThread && parentPort !== null) {
  const { name, input } = workerData as { name: keyof Tasks; input: never }
  parentPort.postMessage(await TASKS[name](input))
}
