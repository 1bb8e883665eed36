/**
 * A shorter token is a mistake, such as an empty variable or a file that was cut. 16 characters of
 * base64 hold 96 bits.
 */
export const leastTokenLength = 16
