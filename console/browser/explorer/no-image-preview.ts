/** Stands in for GraphiQL's preview of images: what an answer names is fetched when somebody asks for it, not under the pointer. */
export const ImagePreview = Object.assign((): null => null, { shouldRender: (): boolean => false })
