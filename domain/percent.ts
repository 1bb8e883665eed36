/** A fraction as a percentage: 61.2 %. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`
