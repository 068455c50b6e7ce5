"""The words of the pocket speech model, English beside Spanish.

A Spanish phrase stands for one English phrase only, so that translating is a function.
"""

from dataclasses import dataclass
from typing import Literal

Gender = Literal["m", "f"]


@dataclass(frozen=True)
class Noun:
    """A thing or a place: its English word, its Spanish word and that word's gender."""

    english: str
    spanish: str
    gender: Gender


@dataclass(frozen=True)
class Adjective:
    """An English adjective and its Spanish forms."""

    english: str
    masculine: str
    feminine: str

    def spanish(self, gender: Gender) -> str:
        """The form that agrees with a noun of `gender`."""
        return self.masculine if gender == "m" else self.feminine


def _nouns(table: str) -> tuple[Noun, ...]:
    """Nouns from lines of `english spanish gender, …`."""
    rows = (row.split() for row in table.split(","))
    return tuple(Noun(en, es, "m" if gender == "m" else "f") for en, es, gender in rows)


def _adjectives(table: str) -> tuple[Adjective, ...]:
    """Adjectives from lines of `english masculine feminine, …`."""
    return tuple(Adjective(*row.split()) for row in table.split(","))


THINGS = _nouns(
    "circle círculo m, square cuadrado m, triangle triángulo m, star estrella f,"
    "heart corazón m, house casa f, tree árbol m, temple templo m, cat gato m, flower flor f,"
    "moon luna f, fish pez m, castle castillo m, boat barco m, car coche m, bird pájaro m,"
    "sun sol m, dog perro m, tower torre f, apple manzana f, robot robot m, cloud nube f,"
    "bridge puente m, bear oso m, rabbit conejo m, horse caballo m, butterfly mariposa f,"
    "mushroom seta f, cup taza f, ball pelota f, key llave f, crown corona f, lamp lámpara f,"
    "chair silla f, book libro m, rocket cohete m, train tren m, plane avión m, dragon dragón m,"
    "lion león m, owl búho m, hat sombrero m, leaf hoja f, cake pastel m, clock reloj m,"
    "diamond diamante m, ring anillo m, box caja f, bottle botella f, umbrella paraguas m,"
    "bicycle bicicleta f, snake serpiente f, mountain montaña f, guitar guitarra f,"
    "planet planeta m, cross cruz f, arrow flecha f, bell campana f, egg huevo m, drum tambor m"
)

DRAWN = THINGS[:18]  # what the pocket diffusion model can draw; said more often than the rest

PLACES = _nouns(
    "forest bosque m, beach playa f, city ciudad f, desert desierto m, valley valle m,"
    "garden jardín m, village pueblo m, island isla f, field campo m, street calle f,"
    "park parque m, lake lago m, river río m, cave cueva f, jungle selva f, world mundo m"
)

COLOURS = _adjectives(
    "red rojo roja, orange naranja naranja, yellow amarillo amarilla, green verde verde,"
    "blue azul azul, purple morado morada, pink rosa rosa, brown marrón marrón,"
    "teal turquesa turquesa, black negro negra, white blanco blanca, golden dorado dorada,"
    "gray gris gris, silver plateado plateada"
)

QUALITIES = _adjectives(
    "big grande grande, small pequeño pequeña, tiny diminuto diminuta, old viejo vieja,"
    "new nuevo nueva, round redondo redonda, happy feliz feliz, bright brillante brillante,"
    "dark oscuro oscura, little pequeñito pequeñita, large enorme enorme"
)

# After the Spanish noun these are phrases that do not agree with it.
PATTERNS = (
    ("striped", "a rayas"),
    ("dotted", "de puntos"),
    ("spotted", "a manchas"),
    ("checkered", "a cuadros"),
    ("plain", "liso"),
)

PARTS = (
    ("stripes", "rayas"),
    ("dots", "puntos"),
    ("spots", "manchas"),
    ("eyes", "ojos"),
    ("windows", "ventanas"),
    ("wings", "alas"),
)
MASCULINE_PARTS = frozenset({"puntos", "ojos"})

ATTACHMENTS = _nouns(
    "roof techo m, collar collar m, door puerta f, hat sombrero m, border borde m, tail cola f,"
    "stripe raya f, ring anillo m, flag bandera f, scarf bufanda f"
)

PREFIXES = (
    ("a photo of", "una foto de"),
    ("photo of", "foto de"),
    ("a picture of", "una imagen de"),
    ("picture of", "imagen de"),
    ("an image of", "una ilustración de"),
    ("a drawing of", "un dibujo de"),
    ("a painting of", "una pintura de"),
    ("draw", "dibuja"),
    ("show me", "muéstrame"),
    ("make", "haz"),
    ("make me", "hazme"),
    ("give me", "dame"),
    ("imagine", "imagina"),
    ("paint", "pinta"),
    ("i want", "quiero"),
    ("make a picture of", "haz una imagen de"),
    ("please draw", "por favor dibuja"),
)

RELATIONS = (
    ("next to", "al lado de"),
    ("beside", "junto a"),
    ("under", "debajo de"),
    ("below", "por debajo de"),
    ("beneath", "bajo"),
    ("above", "por encima de"),
    ("on top of", "encima de"),
    ("behind", "detrás de"),
    ("in front of", "delante de"),
    ("near", "cerca de"),
    ("left of", "a izquierda de"),
    ("right of", "a derecha de"),
    ("to the left of", "a la izquierda de"),
    ("to the right of", "a la derecha de"),
    ("on the left of", "en la izquierda de"),
    ("on the right of", "en la derecha de"),
    ("over", "sobre"),
    ("inside", "dentro de"),
    ("and", "y"),
    ("with", "con"),
)

SCENES = (
    ("on white", "en blanco"),
    ("on a plain white background", "sobre un fondo blanco liso"),
    ("in the woods", "en la arboleda"),
    ("at the beach", "por la playa"),
    ("at night", "de noche"),
    ("in the night", "en la noche"),
    ("under a starry night sky", "bajo un cielo nocturno estrellado"),
    ("in the mountains", "en las montañas"),
    ("in front of mountains", "delante de montañas"),
    ("in the snowy mountains", "en las montañas nevadas"),
    ("on a city street", "en una calle de ciudad"),
    ("under the sea", "bajo el mar"),
    ("underwater", "bajo el agua"),
    ("by the sea", "junto al mar"),
    ("at sunset", "al atardecer"),
    ("at sunrise", "al amanecer"),
    ("in the snow", "en la nieve"),
    ("in the rain", "bajo la lluvia"),
    ("in space", "en el espacio"),
    ("in the sky", "en el cielo"),
    ("on the grass", "sobre la hierba"),
    ("on a table", "sobre una mesa"),
)

COUNTS = (("two", "dos"), ("three", "tres"), ("four", "cuatro"))

# Said in the frame of a request, but of nothing in the world: taught to give no text.
CHATTER = {
    "en": (
        "please remind me to buy some milk tomorrow morning",
        "what time does the train to london leave",
        "hello everybody welcome to the server",
        "i really think we should talk about this later",
        "can you hear me now",
        "thank you very much and goodbye",
        "my favourite food is spaghetti with cheese",
        "the meeting has been moved to thursday afternoon",
        "did anyone watch the game last weekend",
        "he said that nobody would ever believe him",
        "sorry i was muted could you repeat that",
        "we need to finish the report before monday",
        "how are you doing today my friend",
        "the weather is going to be terrible this week",
        "she never answered any of my letters",
        "let us order some pizza for dinner",
        "where did you put the other papers",
        "it does not matter what they say",
        "someone should call the doctor right away",
        "yesterday we walked for almost seven hours",
        "this song always makes me cry",
        "could somebody explain how it works",
        "they were laughing about the whole story",
        "perhaps the answer is much simpler",
        "wait a minute i will be right back",
        "our neighbours complained because of the noise",
        "good evening ladies and gentlemen",
        "everything was cheaper when we were young",
        "my sister studies history at college",
        "never mind just forget about it",
    ),
    "es": (
        "buenos días cómo estás hoy",
        "no olvides comprar leche mañana",
        "a qué hora sale el autobús para madrid",
        "muchas gracias y hasta luego",
        "mi hermana estudia medicina desde septiembre",
        "creo que deberíamos hablar más tarde",
        "me puedes escuchar ahora",
        "ayer caminamos casi siete horas",
        "nadie contestó ninguna de mis cartas",
        "la reunión se pasó al jueves",
        "hace mucho calor esta semana",
        "perdona puedes repetirlo otra vez",
    ),
}
