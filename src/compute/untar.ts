const BLOCK_BYTES = 512
const REGULAR_FILE = 0x30

/** The regular files of an uncompressed tar archive, by name. Throws where a header is not one; links and folders are passed over. */
export function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (let offset = 0; offset + BLOCK_BYTES <= archive.length; ) {
    const header = archive.subarray(offset, offset + BLOCK_BYTES)
    const name = text(header.subarray(0, 100))
    if (name === '') break
    const bytes = Number.parseInt(text(header.subarray(124, 136)), 8)
    const start = offset + BLOCK_BYTES
    if (!(bytes >= 0 && start + bytes <= archive.length)) throw new Error(`expected a tar entry, found a broken header at byte ${offset}`)
    if (header[156] === REGULAR_FILE || header[156] === 0) files.set(name, archive.subarray(start, start + bytes))
    offset = start + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES
  }
  return files
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0)
  return Buffer.from(end < 0 ? field : field.subarray(0, end))
    .toString('latin1')
    .trim()
}
