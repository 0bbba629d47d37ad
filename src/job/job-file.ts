import { z } from 'zod'
import type { JobDraft } from './draft.ts'
import { openFields } from './draft-form.ts'
import { InvalidJobInfoError } from './errors.ts'
import { jobInfoSchema } from './info.ts'
import { localJobInfo } from './local-run.ts'
import { problemsOf } from './problems.ts'
import { parseSlicingRequest } from './slicing-request.ts'

/** The bytes that a job file names, as read. */
export interface JobFileData {
  bytes: Uint8Array
  /** The size of the picture that the bytes are the RGBA of. */
  picture?: { width: number; height: number }
}

/** A job file, checked as far as it can be without the files it names. Paths are relative to it. */
export interface JobFile {
  codeFile: string
  /** The file to read the data from, as it is or as the RGBA of a picture. */
  data: { file: string; as: 'bytes' | 'rgba' } | null
  /** Throws InvalidJobInfoError with all problems, also where a picture's size does not fit the slicing. */
  toDraft(code: string, data: JobFileData | null): JobDraft
}

const path = z.string().min(1).max(4096)

const dataSchema = z
  .strictObject({ picture: path.optional(), file: path.optional(), uri: path.optional() })
  .refine((data) => Object.keys(data).length === 1, 'expected one of {"picture": file}, {"file": file}, {"uri": "ipfs://…"} or null')

const jobFileSchema = z.strictObject({
  /** Editors find the schema of a JSON file by it. */
  $schema: z.string().optional(),
  ...openFields,
  code: path.regex(/\.wgsl$/i, 'expected a file of WGSL, its name ending in .wgsl'),
  data: dataSchema.nullable().default(null),
  /** Which of the schemas below it follows depends on what it holds. */
  slicing: z.unknown().optional(),
  presentation: z
    .union(
      [z.enum(['image', 'bytes']).transform((kind) => ({ kind })), jobInfoSchema.shape.presentation],
      'expected "image", "bytes" or null',
    )
    .optional(),
})

type Content = z.output<typeof jobFileSchema>

/** The JSON of `minga place job.json`: a JobDraft with files in the place of bytes. Throws InvalidJobInfoError with all problems. */
export function parseJobFile(value: unknown): JobFile {
  const parsed = jobFileSchema.safeParse(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidJobInfoError(problemsOf(parsed.error!, value))
  const fields: { slicing?: unknown; data?: unknown } = value
  const isPicture = typeof fields.data === 'object' && fields.data !== null && 'picture' in fields.data
  const request = fields.slicing ?? (isPicture ? {} : undefined)
  const { slicing, problems } = parseSlicingRequest(request, { hasPicture: isPicture })
  const others = parsed.error ? problemsOf(parsed.error, value) : []
  if (!parsed.success || problems.length > 0) throw new InvalidJobInfoError([...others, ...problems])
  const { data } = parsed.data
  const file = data?.picture ?? data?.file
  return {
    codeFile: parsed.data.code,
    data: file === undefined ? null : { file, as: isPicture ? 'rgba' : 'bytes' },
    toDraft: (code, loaded) => draftOf({ ...parsed.data, slicing }, code, loaded),
  }
}

function draftOf(content: Content, code: string, loaded: JobFileData | null): JobDraft {
  const { $schema: _, code: _file, data, slicing, ...rest } = content
  const draft = { ...rest, code, data: loaded?.bytes ?? null, slicing: sized(slicing, loaded?.picture) } as JobDraft
  if (data?.uri !== undefined) draft.dataUri = data.uri
  // Before anything is sent; only whether the data behind a URI is as large as the slicing needs shows later.
  localJobInfo(draft)
  return draft
}

/** A grid request with the picture's size, which must be its own where it names one; what else there is stays as it is. */
function sized(slicing: unknown, picture: JobFileData['picture']): unknown {
  const request = slicing as { width?: number; height?: number; input?: { lineStride?: number } | null; output?: object }
  if (picture === undefined) return request
  const size = `${picture.width}×${picture.height} pixels`
  if (request.output !== undefined) {
    if (request.input?.lineStride === picture.width * 4) return request
    throw misfit(`${size} make lines of ${picture.width * 4} bytes, its lineStride is ${request.input?.lineStride ?? 'missing'}`)
  }
  const { width = picture.width, height = picture.height } = request
  if (width !== picture.width || height !== picture.height) throw misfit(`it has ${size}, the slicing says ${width}×${height}`)
  return { ...request, width, height }
}

function misfit(found: string): InvalidJobInfoError {
  return new InvalidJobInfoError([{ path: 'slicing', message: `the picture does not fit the slicing: ${found}` }])
}
