/** Word lists of the caption reader, all in lower case. */
const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/).filter(Boolean))

export const colors = set(
  'red orange yellow green blue purple violet pink brown black white gray grey silver golden beige teal turquoise',
)

/**
 * Words before a noun that do not change what the noun means. `square` and `oval` are left out,
 * because they are things too.
 */
export const qualifiers = set(
  `small big large tiny huge little tall short long wide narrow round rectangular old young new modern
  beautiful pretty bright wooden metal metallic empty full single simple plain striped colorful colourful
  colored happy wet dry clean dirty open closed solid thick thin medium`,
)

const counts = 'one two three four five six seven eight nine ten eleven twelve'.split(' ')
export const numbers: ReadonlyMap<string, number> = new Map([
  ['a', 1],
  ['an', 1],
  ...counts.map((word, index) => [word, index + 1] as const),
])

/** Each of these words ends a noun phrase. */
export const boundaries = set(
  `is are was were be been being am has have had do does did and or but nor with without at in on of to from by for
  over under above below beneath behind beside between among near next along across around through into onto off up
  down inside outside toward towards against during while as than like that which who whom whose where when there
  here the a an then so very too also each all sits sit stands stand lies lie runs run walks walk plays play holds
  hold wears wear rides ride sat stood lay held wore ran rode sleeps sleep eats eat looks look faces hangs hang can
  appear appears show shows contain contains feature features visible present alone together side`,
)

/** A sentence with one of these words says nothing certain about numbers. */
export const uncertain = set(
  `some several many few multiple various numerous couple dozen dozens lots plenty both all each every most any none no
  not never nothing nobody neither nor without or either about approximately roughly nearly almost around least most
  more less fewer than over exactly half quite such only maybe perhaps possibly probably likely might may could would
  should must seem seems seemingly appears appear apparently presumably unclear if like resembling looks can cannot
  it they them he she him his her hers its their theirs this these those that i we you us our your my one's itself
  themselves himself herself someone something anyone anything everyone everything who whom whose
  painting painted drawing drawn poster posters photo photos photograph picture pictures image images statue statues
  sculpture reflection reflections reflected mirror screen logo print printed depicting depicts depicted titled named
  labeled labelled reads says sign signs text letter letters word words number numbers toy toys fake stuffed
  first second third fourth last per dot times pair pairs hundred thousand million thirteen fourteen fifteen sixteen
  seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety double triple`,
)

/** The picture may have more of the things named before: nothing in the caption can be counted. */
export const addsMore = set('another other others else rest remaining additional extra further ones elsewhere')

/** Words that cannot be counted as things in a picture, or that mean the picture itself. */
export const notThings = set(
  `picture image photo scene view background foreground side top bottom left right corner middle center centre part area
  piece group set row line column grid bunch number lot couple variety series stack pile collection crowd kind type
  sort sense bit day time way shot angle distance moment amount style color colour shape shade size pattern
  layout display mix range array handful setting surface space end edge position place location direction manner
  meter metre centimeter inch foot mile year month week hour minute second dollar percent degree pound gram
  glasses sunglasses scissors pants jeans shorts clothes stairs binoculars tongs pliers trousers
  kitchen bathroom bedroom room street road field beach park city court yard garden forest lake ocean sea river
  sky grass snow water sand weather light dark sunlight air ground
  red orange yellow green blue purple violet pink brown black white gray grey`,
)

/** Words whose plural may include things of other nouns. */
export const hypernyms = set(
  'person human animal creature object thing item vehicle figure fruit vegetable plant furniture pet child kid adult individual',
)

/** `in a circle`: an arrangement and no thing. */
export const arrangements = set('circle row line ring square triangle grid column heap')

/** Nouns that end like verbs. They do not end a phrase: `a dog bed` is no dog. */
export const verbLikeNouns = set(
  `bed shed sled seed weed reed building painting ceiling railing ring king wing string swing spring drawing parking
  crossing clothing lens gas canvas chess tennis series species news bus glass grass dress cross class cactus`,
)
