/** Lines to standard output, where something else may be written as well. */

export function standardOutput() {
  return {
    /** Whole lines; resolves once they are handed on. Rejects where nobody reads any more. */
    write: (pieces: readonly Uint8Array[]): Promise<void> =>
      new Promise((resolve, reject) => {
        process.stdout.write(Buffer.concat(pieces), error => (error ? reject(error) : resolve()))
      }),
    close: async () => {},
  }
}
