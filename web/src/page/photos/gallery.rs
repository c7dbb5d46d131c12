//! The photos that come with the page. All CC0 or in the public domain: see LICENCES.md there.

/// Folder of the photos.
pub const FOLDER: &str = "gallery/";

/// Folder of their thumbnails, which have the same names: the photos themselves are larger than the
/// page, and come where they are used.
pub const SMALL: &str = "gallery/small/";

/// File and title of each photo. The first one is inverted without a click.
pub const SAMPLES: [(&str, &str); 27] = [
    ("bird_kingfisher.jpg", "Kingfisher"),
    ("cat_kitten.jpg", "Kitten"),
    ("dog_german_shepherd.jpg", "German shepherd"),
    ("primate_lemur.jpg", "Lemur"),
    ("fish_clownfish.jpg", "Clownfish"),
    ("insect_honey_bee.jpg", "Honey bee"),
    ("crab_sally_lightfoot.jpg", "Crab"),
    ("frog_golden_toad.jpg", "Golden toad"),
    ("bird_scarlet_macaw.jpg", "Scarlet macaw"),
    ("bird_owl.jpg", "Owl"),
    ("bird_duck.jpg", "Duck"),
    ("bird_chicken.jpg", "Chickens"),
    ("cat_chelsea.jpg", "Cat"),
    ("fish_goldfish.jpg", "Goldfish"),
    ("fish_discus.jpg", "Discus"),
    ("fish_spotted_puffer.jpg", "Puffer fish"),
    ("ood_koala.jpg", "Koala"),
    ("ood_red_panda.jpg", "Red panda"),
    ("ood_raccoon.jpg", "Raccoon"),
    ("ood_giraffe.jpg", "Giraffe"),
    ("ood_horse.jpg", "Horse"),
    ("ood_coffee.jpg", "Coffee"),
    ("ood_cup.jpg", "Cup"),
    ("ood_rocket.jpg", "Rocket"),
    ("ood_taj_mahal.jpg", "Taj Mahal"),
    ("ood_astronaut.jpg", "Eileen Collins"),
    ("ood_portrait_grace_hopper.jpg", "Grace Hopper"),
];
