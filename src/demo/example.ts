import { existsSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { makeDirectory } from '../directories-node.ts'
import type { JobDraft } from '../job/draft.ts'
import { decodePicture, type Picture } from '../pictures/decode.ts'

/** What the demo uses of examples/blue-marble, which is no part of the compiled sources. */
export interface Example {
  RELIEF: object
  /** The Job over any picture, by default in the default shape: 5 × (10+1) MicroJobs of 16 blocks. */
  reliefJob(picture: Picture): JobDraft
  /** What its result must be, computed without blocks, shaders and network. */
  referencePicture(picture: Picture, init: object): Uint8Array
}

const FOLDER = new URL('../../examples/blue-marble/', import.meta.url)
const FILES = ['job.ts', 'reference.ts', 'shader.wgsl']
/** 4096 × 2048 pixels; not there where Minga was installed as a package. */
const FULL = new URL('../../node_modules/three-globe/example/img/earth-blue-marble.jpg', import.meta.url)
/** 1024 × 512 pixels. */
const SMALL = new URL('earth-1024.jpg', FOLDER)

/** NASA's Blue Marble: in full where it is installed and wanted. */
export async function loadPicture({ small }: { small: boolean }): Promise<Picture> {
  return decodePicture(await readFile(small || !existsSync(FULL) ? SMALL : FULL))
}

/** Imports the example. `scratch` is a folder to copy it to where it lies in node_modules, since Node strips no types there. */
export async function loadExample(scratch: string): Promise<Example> {
  const folder = fileURLToPath(FOLDER).includes('node_modules') ? pathToFileURL(`${await copyTo(scratch)}/`) : FOLDER
  const [job, reference] = await Promise.all(['job.ts', 'reference.ts'].map((name) => import(new URL(name, folder).href)))
  return { ...job, ...reference }
}

async function copyTo(folder: string): Promise<string> {
  await makeDirectory(folder)
  await Promise.all(FILES.map((name) => copyFile(new URL(name, FOLDER), join(folder, name))))
  return folder
}
