"""The words of addresses and of places of care."""

from __future__ import annotations

STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|GU|VI|AA|AE|AP|"
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|"
    "Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Puerto Rico|Rhode Island|South Carolina|South Dakota|"
    "Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming"
)
STREETS = frozenset((
    "alley", "av", "ave", "avenue", "blvd", "boulevard", "broadway", "cir", "circle", "close", "court", "cres", "crescent", "crossing", "ct", "cv", "cove", "dr", "drive", "expressway",
    "expy", "freeway", "fwy", "highway", "hwy", "lane", "ln", "loop", "parkway", "path", "pike", "pkwy", "pl", "place", "plaza", "point", "rd", "ridge", "road", "route", "row",
    "run", "sq", "square", "st", "str", "street", "streets", "squares", "ter", "terrace", "trace", "trail", "trl", "turnpike", "walk", "way", "xing", "parks", "park", "gardens", "heights", "hill", "mews"
))  # fmt: skip
ABROAD = r"(?:privada|cerrada|retorno|andador|prolongación|prol\.|rue|via|viale|calle|avenida|avda\.?|av\.|carrera|cra\.?|plaza|plaça|piazza|ul\.|ulica|strada|rua|chemin|paseo|camino|c/|carretera|calzada|colonia|urb\.?|urbanización|callej[oó]n)"
"""Words for a street that stand before its name."""
CARE = frozenset((
    "hospital", "hospitals", "clinic", "clinics", "hospice", "infirmary", "sanatorium", "healthcare", "rehabilitation", "rehab", "pavilion", "clínica", "clinica", "polyclinic", "dialysis", "orthopedics", "orthopaedics", "pediatrics", "cardiology", "oncology",
    "dermatology", "radiology", "urology", "neurology", "imaging", "dental", "dentistry", "memorial"
))  # fmt: skip
"""The last word of a place of care."""
CARE_CENTERS = frozenset((
    "medical", "health", "surgery", "surgical", "cancer", "care", "rehabilitation", "trauma", "wellness", "heart", "dialysis", "nursing", "birth", "treatment", "recovery", "infusion", "imaging", "oncology",
    "eye", "spine", "pain", "sleep", "fertility", "skin", "kidney", "vision", "vein", "allergy", "home", "birthing", "hearing", "joint", "midwifery", "women's"
))  # fmt: skip
"""Words before Center, Centre, Home, Group, System, Associates, Practice, Campus, Facility."""
CARE_ENDS = frozenset((
    "center", "centre", "centers", "home", "group", "system", "systems", "associates", "practice", "campus", "facility", "partners", "network", "care", "living", "village", "medicine", "institute", "specialists"
))  # fmt: skip
CARE_MIDDLES = CARE_CENTERS | frozenset(("urgent", "assisted", "senior", "family", "internal", "primary", "memory"))
GENERIC = frozenset((
    "the", "our", "your", "this", "that", "a", "an", "at", "in", "from", "to", "my", "his", "her", "their", "and", "of", "for", "community", "general", "regional", "county", "city", "state", "local", "public", "private",
    "children's", "children", "childrens", "women's", "women", "womens", "veterans", "teaching", "outpatient", "inpatient", "day", "emergency", "urgent", "primary", "care", "family", "internal", "medical", "health", "surgical", "surgery",
    "cancer", "diabetes", "pain", "sleep", "eye", "wound", "fertility", "heart", "cardiac", "vascular", "spine", "dental", "rehabilitation", "rehab", "nursing", "skilled", "home", "senior", "assisted", "mental", "behavioral", "psychiatric",
    "primary", "walk-in", "free", "specialty", "orthopedic", "pediatric", "university", "academic", "district", "acute", "long", "term", "long-term", "tertiary", "new", "center", "centre", "memory", "memorial", "imaging",
    "anticoagulation", "coumadin", "hypertension", "asthma", "allergy", "oncology", "cardiology", "neurology", "urology", "dermatology", "radiology", "pediatrics", "orthopedics", "group", "unit", "clinic", "hospital", "referring",
    "outside", "other", "another", "any", "patient", "admit", "admitted", "transfer", "discharge", "discharged", "dialysis", "hospice", "treatment", "recovery", "wellness", "infusion", "birth", "trauma", "services", "department", "insurance", "company", "abc", "abcd", "xyz"
))  # fmt: skip
"""Words that make no name of a place of care by themselves."""
LARGE_CITIES = frozenset((
    "albuquerque", "amsterdam", "anaheim", "atlanta", "athens", "baltimore", "barcelona", "beijing", "berlin", "birmingham", "boise", "bogota", "boston", "bronx", "brooklyn", "brussels", "budapest", "buffalo", "calgary", "cairo", "chicago", "cincinnati",
    "cleveland", "columbus", "dallas", "delhi", "denver", "detroit", "dubai", "dublin", "edinburgh", "edmonton", "frankfurt", "fresno", "geneva", "glasgow", "hamburg", "hartford", "havana", "honolulu", "houston", "indianapolis", "istanbul",
    "jacksonville", "jakarta", "johannesburg", "knoxville", "leeds", "lima", "lisbon", "liverpool", "london", "louisville", "madrid", "manchester", "manhattan", "manila", "melbourne", "memphis", "miami", "milan", "milwaukee",
    "minneapolis", "montreal", "moscow", "mumbai", "munich", "nairobi", "nashville", "newark", "nyc", "oakland", "omaha", "orlando", "osaka", "oslo", "ottawa", "philadelphia", "phoenix", "pittsburgh", "portland", "prague", "raleigh",
    "riverside", "rochester", "rome", "sacramento", "seattle", "seoul", "shanghai", "spokane", "stockholm", "sydney", "syracuse", "tacoma", "tampa", "tokyo", "toledo", "toronto", "tucson", "tulsa", "vancouver", "vienna", "warsaw", "wichita", "zurich",
    "bakersfield", "dayton", "akron", "albany", "topeka", "lubbock", "laredo", "plano", "chattanooga", "fremont", "stockton", "mesa", "el paso"
))  # fmt: skip
"""Cities that are meant when they are written with a capital, though they are surnames too."""
BUILDINGS = frozenset((
    "abbey", "apartments", "apts", "building", "bungalow", "cabin", "camp", "campground", "care", "center", "centre", "condominiums", "condos", "convent", "cottage", "dorm", "dormitory", "estates", "farm", "flats", "gardens", "haven",
    "hall", "hospice", "hospital", "hostel", "hotel", "house", "inn", "lodge", "lodging", "manor", "marina", "mission", "monastery", "motel", "mobile", "nursing", "park", "place", "plaza", "point", "priory", "ranch", "rancho", "rectory", "rehab", "rehabilitation",
    "barn", "chs", "dairy", "enclave", "forge", "gatehouse", "granary", "grange", "heights", "maltings", "mill", "nivas", "oast", "parsonage", "sadan", "smithy", "society", "stables", "tannery", "vicarage",
    "residence", "residences", "residencia", "resort", "school", "senior", "shelter", "suites", "terrace", "tower", "towers", "trailer", "villa", "village", "villas", "court", "courts", "hogar", "edificio", "asilo", "casa", "escuela", "colonia", "barrio"
))  # fmt: skip
"""Words in the names of buildings and homes that stand before a street, a room or a bed."""
