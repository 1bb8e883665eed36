/** The package has no types of its own. */
declare module 'unbzip2-stream' {
  interface Unbzip2 extends NodeJS.ReadWriteStream {
    /** Takes the next unpacked bytes; null ends the stream. */
    queue: (piece: Uint8Array | null) => void
  }
  export default function unbzip2(): Unbzip2
}
