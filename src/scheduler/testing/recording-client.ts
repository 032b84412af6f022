/** A client that keeps what is written to it, for tests of what plugins write. */
export interface Written {
  readonly verb: string
  readonly kind: string
  readonly name: string
  readonly body?: unknown
  readonly options?: unknown
}

export interface RecordingClient {
  readonly written: Written[]
  /** Set to make every write fail with it. */
  error: unknown
  /** Set to keep every write waiting. */
  until: Promise<void> | undefined
  patch(kind: Named, at: At, type: string, body: unknown, options?: unknown): Promise<unknown>
  update(kind: Named, object: { metadata: At }, options?: unknown): Promise<unknown>
  create(kind: Named, object: { metadata: At }): Promise<unknown>
  delete(kind: Named, at: At, options?: unknown): Promise<void>
}
interface Named {
  readonly kind: string
}
interface At {
  readonly name?: string
  readonly generateName?: string
}

export function createRecordingClient(): RecordingClient {
  const note = async (written: Written) => {
    await client.until
    if (client.error) throw client.error
    client.written.push(written)
    return { metadata: { name: written.name } }
  }
  const client: RecordingClient = {
    written: [],
    error: undefined,
    until: undefined,
    patch: ({ kind }, { name = '' }, _type, body, options) =>
      note({ verb: 'patch', kind, name, body, options }),
    async update({ kind }, object, options) {
      const { name = '' } = object.metadata
      await note({ verb: 'update', kind, name, body: object, options })
      return object
    },
    async create({ kind }, object) {
      const { name: given, generateName = '' } = object.metadata
      const name = given ?? `${generateName}1`
      await note({ verb: 'create', kind, name: given ?? '', body: object })
      return { status: {}, ...object, metadata: { ...object.metadata, name } }
    },
    async delete({ kind }, { name = '' }, options) {
      await note({ verb: 'delete', kind, name, options })
    },
  }
  return client
}
