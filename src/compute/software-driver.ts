import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { makeDirectory } from '../directories-node.ts'
import { untar } from './untar.ts'

const unbrotli = promisify(brotliDecompress)

/** What is needed out of the archive; the rest of it is for a browser. */
const LOADER = 'libvulkan.so.1'
const ICD = 'vk_swiftshader_icd.json'
const FILES = ['libvk_swiftshader.so', LOADER, ICD] as const

export interface SoftwareDriver {
  /** Holds the Vulkan loader: for `LD_LIBRARY_PATH` where the system has none. */
  directory: string
  /** The driver's manifest: for `VK_ADD_DRIVER_FILES`. */
  manifest: string
  /** Names these very driver bytes. */
  version: string
}

/**
 * SwiftShader and a Vulkan loader, unpacked once into `cacheDirectory`; undefined where the optional package is not installed or
 * this is no Linux on x64. The folder is named by the archive's hash and appears whole or not at all.
 */
export async function softwareDriver(cacheDirectory: string): Promise<SoftwareDriver | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  const archive = await readArchive()
  if (archive === undefined) return undefined
  const version = createHash('sha256').update(archive).digest('hex').slice(0, 16)
  const directory = join(cacheDirectory, `swiftshader-${version}`)
  if (!(await isWhole(directory))) await unpack(archive, directory)
  return { directory, manifest: join(directory, ICD), version }
}

async function readArchive(): Promise<Uint8Array | undefined> {
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
    return await readFile(join(dirname(entry), '..', '..', 'bin', 'swiftshader.tar.br'))
  } catch {
    return undefined
  }
}

/** True where every file has the hash that was noted when it was unpacked: a torn or altered driver is not loaded. */
async function isWhole(directory: string): Promise<boolean> {
  try {
    const noted = JSON.parse(await readFile(join(directory, 'hashes.json'), 'utf8')) as Record<string, string>
    const hashes = await Promise.all(FILES.map(async (name) => sha256(await readFile(join(directory, name)))))
    return FILES.every((name, index) => noted[name] === hashes[index])
  } catch {
    return false
  }
}

async function unpack(archive: Uint8Array, directory: string): Promise<void> {
  const files = untar(await unbrotli(archive))
  await makeDirectory(dirname(directory), { mode: 0o700 })
  const fresh = await mkdtemp(`${directory}.`)
  try {
    const hashes: Record<string, string> = {}
    for (const name of FILES) {
      const bytes = files.get(name)
      if (bytes === undefined) throw new Error(`expected ${name} in the software driver's archive, found ${[...files.keys()].join(', ')}`)
      hashes[name] = sha256(bytes)
      await writeFile(join(fresh, name), bytes, { mode: 0o755 })
    }
    await writeFile(join(fresh, 'hashes.json'), JSON.stringify(hashes))
    await publish(fresh, directory)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Renames `fresh` to `directory`. Another process may have been first: then its copy stands, unless it is broken. */
async function publish(fresh: string, directory: string): Promise<void> {
  try {
    await rename(fresh, directory)
  } catch (error) {
    if (await isWhole(directory)) return
    await rm(directory, { recursive: true, force: true })
    await rename(fresh, directory).catch((cause) => {
      throw new Error(`expected to place the software driver at ${directory}`, { cause: cause ?? error })
    })
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
