import type { Problem } from './errors.ts'
import { gridRequestSchema, sequenceRequestSchema } from './fit.ts'
import { problemsOf, shown } from './problems.ts'
import { slicingSchema } from './slicing.ts'

/** A grid may leave its size to the picture that is its data. */
const pictureRequestSchema = gridRequestSchema.partial({ width: true, height: true })
const SCHEMAS = { full: slicingSchema, sequence: sequenceRequestSchema, grid: gridRequestSchema, picture: pictureRequestSchema }

/** A slicing as somebody wrote it, in whichever of its forms, with the defaults of that form; or all that is wrong with it. */
export function parseSlicingRequest(request: unknown, { hasPicture = false } = {}): { slicing: unknown; problems: Problem[] } {
  const layout = layoutProblems(request)
  if (layout.length > 0) return { slicing: request, problems: layout }
  const { data, error } = SCHEMAS[kindOf(request, hasPicture)].safeParse(request)
  return { slicing: data, problems: error ? problemsOf(error, request, ['slicing']) : [] }
}

function kindOf(slicing: unknown, hasPicture: boolean): keyof typeof SCHEMAS {
  if (typeof slicing === 'object' && slicing !== null) {
    if ('output' in slicing) return 'full'
    if ('layout' in slicing && slicing.layout === 'sequence') return 'sequence'
  }
  return hasPicture ? 'picture' : 'grid'
}

/** Told by itself, since each of the schemas would name its own layout alone. */
function layoutProblems(slicing: unknown): Problem[] {
  if (typeof slicing !== 'object' || slicing === null || 'output' in slicing || !('layout' in slicing)) return []
  if (slicing.layout === undefined || slicing.layout === 'grid' || slicing.layout === 'sequence') return []
  return [{ path: 'slicing.layout', message: `expected "grid" or "sequence", found ${shown(slicing.layout)}` }]
}
