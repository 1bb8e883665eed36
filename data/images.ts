export { examineImage, type ExaminedImage } from './images/examine.ts'
export { createImages } from './images/prepare.ts'
