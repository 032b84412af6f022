/** The Huffman code of header texts, for tests that play a client: bit by bit, from the lengths alone. */

/** Which symbols have codes of so many bits, in order (RFC 7541, appendix B). */
const SYMBOLS: readonly (readonly [length: number, symbols: readonly number[]])[] = [
  [5, [...'012aceiost'].map(codeOf)],
  [6, [...' %-./3456789=A_bdfghlmnpru'].map(codeOf)],
  [7, [...':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'].map(codeOf)],
  [8, [...'&*,;XZ'].map(codeOf)],
  [10, [...'!"()?'].map(codeOf)],
  [11, [..."'+|"].map(codeOf)],
  [12, [...'#>'].map(codeOf)],
  [13, [0, ...'$@[]~'.split('').map(codeOf)]],
  [14, [...'^}'].map(codeOf)],
  [15, [...'<`{'].map(codeOf)],
  [19, [92, 195, 208]],
  [20, [128, 130, 131, 162, 184, 194, 224, 226]],
  [21, [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]],
  [
    22,
    [
      129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187,
      189, 190, 196, 198, 228, 232, 233,
    ],
  ],
  [
    23,
    [
      1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168,
      174, 175, 180, 182, 183, 188, 191, 197, 231, 239,
    ],
  ],
  [24, [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]],
  [25, [199, 207, 234, 235]],
  [26, [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]],
  [
    27,
    [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
  ],
  [
    28,
    [
      2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30,
      31, 127, 220, 249,
    ],
  ],
  [30, [10, 13, 22]],
]

function codeOf(character: string): number {
  return character.charCodeAt(0)
}

export interface HuffmanCode {
  readonly code: number
  readonly length: number
}

/** By symbol. */
export const huffmanCodes: readonly HuffmanCode[] = canonical()

function canonical(): HuffmanCode[] {
  const codes: HuffmanCode[] = []
  let code = 0
  let before = 0
  for (const [length, symbols] of SYMBOLS) {
    code *= 2 ** (length - before)
    before = length
    for (const symbol of symbols) codes[symbol] = { code: code++, length }
  }
  return codes
}

/** Of a text whose characters are bytes. */
export function huffmanEncoded(text: string): Buffer {
  let bits = ''
  const parts: string[] = []
  for (const character of text) {
    const { code, length } = huffmanCodes[codeOf(character)] as HuffmanCode
    parts.push(code.toString(2).padStart(length, '0'))
  }
  bits = parts.join('')
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Buffer.from(bits.match(/.{8}/g)?.map(byte => Number.parseInt(byte, 2)) ?? [])
}
