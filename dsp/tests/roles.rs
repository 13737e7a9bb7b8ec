//! What the names of files say about what plays.

use dsp::mix::Role;
use dsp::mix::role::{Guess, Side, Sound, guess};

fn of(name: &str) -> Guess {
    guess(name, &Sound::default())
}

fn all_are(role: Role, names: &[&str]) -> Vec<String> {
    let wrong = |name: &&&str| of(name).role != role;
    let told = |name: &&str| format!("{name:?} is no {}: {:?}", role.as_str(), of(name));
    names.iter().filter(wrong).map(told).collect()
}

fn check(claims: &[(Role, &[&str])]) {
    let offences: Vec<String> = claims.iter().flat_map(|(role, names)| all_are(*role, names)).collect();
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn the_short_forms_of_mixing_desks_are_understood() {
    check(&[
        (
            Role::Kick,
            &["BD.wav", "01_kik_in.wav", "Kick Out 421.wav", "KickSub.aif", "808Kick.wav", "Bass Drum.wav"],
        ),
        (
            Role::Snare,
            &["SN top 57.wav", "snr_btm.wav", "Snare Verb.wav", "Clap 2.wav", "03-SD.wav", "808 Snare"],
        ),
        (Role::Hats, &["HH.wav", "Hi-Hat_L.flac", "HiHat Closed.wav", "12_hats.wav"]),
        (Role::Toms, &["Floor Tom.wav", "TOM1.wav", "FT_e904.wav", "Rack Tom 2.wav", "DrumTomsL.wav"]),
        (Role::Overheads, &["OH L.wav", "OHR.wav", "Drum Room.wav", "Overheads_ST.wav", "Ovhd.wav"]),
        (Role::Drums, &["Drums.wav", "DRUM BUS.wav", "Drum Loop 120bpm.wav", "Drums_L.wav"]),
        (Role::Percussion, &["Shaker.wav", "Tamb 01.wav", "Perc_2.wav", "Congas L.wav", "Cowbell.wav"]),
        (
            Role::Bass,
            &["Bass DI.wav", "BassAmp_SVT.wav", "Bs.wav", "Synth Bass.wav", "bass synth 3", "BASS GTR.wav"],
        ),
        (Role::Sub, &["808.wav", "Sub.wav", "SubBass.wav", "808 Bass.wav"]),
        (
            Role::RhythmGuitar,
            &["EGtr L.wav", "GTR 1.wav", "Rhythm Gtr R.wav", "ElecGtr_Dbl.wav", "Gtr A.wav"],
        ),
        (Role::LeadGuitar, &["Lead Gtr.wav", "Gtr Solo.wav", "GuitarLead_01.wav", "Ld Guitar.wav"]),
        (Role::AcousticGuitar, &["AGtr.wav", "Acoustic.wav", "Ac Gtr L.wav", "12 String.wav", "Ukulele.wav"]),
        (
            Role::Keys,
            &["Keys.wav", "EP.wav", "Rhodes_L.wav", "Piano.wav", "Acoustic Piano.wav", "B3.wav", "Wurli.wav"],
        ),
        (Role::LeadSynth, &["Synth Lead.wav", "Lead Syn 2.wav", "SynLead.wav"]),
        (Role::Pad, &["Pad.wav", "SynthPad_wide.wav", "String Pad.wav"]),
        (Role::Strings, &["Vln 1.wav", "Str.wav", "Cello.wav", "Violas.wav", "SynthStrings.wav"]),
        (Role::Brass, &["Tpt.wav", "Brass.wav", "Trombone 2.wav", "French Horn.wav", "Horns.wav"]),
        (Role::Winds, &["Sax.wav", "Alto Sax.wav", "Flute.wav", "Reed.wav", "Pipe.wav", "Bass Clarinet.wav"]),
        (
            Role::Effects,
            &["FX 1.wav", "Riser.wav", "Impact.wav", "Vox FX.wav", "Reverse Cymbal.wav", "808 sub drop"],
        ),
        (
            Role::LeadVocal,
            &["Ld Vox.wav", "LV.wav", "Vocal.wav", "LeadVox_02.wav", "VOX MAIN.wav", "Vocals comp"],
        ),
        (
            Role::BackingVocal,
            &["BGV.wav", "BVox L.wav", "Db L.wav", "Vox Dbl R.wav", "Lead Vox Double.wav", "Choir.wav"],
        ),
        (
            Role::RoughMix,
            &["Rough Mix.wav", "REF.wav", "mixdown_v2.wav", "Master.wav", "FinalMix.wav", "2mix.wav"],
        ),
        (Role::Cymbals, &["Crash.wav", "Ride.wav", "Cymbals.wav"]),
    ]);
}

/// Names of files in six languages, one role a row.
const SIX_LANGUAGES: &[(Role, &str)] = &[
    (
        Role::Kick,
        "Bassorumpu.wav | basari | Bassdrum.wav | Große Trommel.wav | Grosse caisse.wav | Bombo.wav | \
         Bumbo.wav",
    ),
    (Role::Snare, "Virveli.wav | Kleine Trommel.wav | Caisse claire.wav | Caja.wav | Redoblante | Caixa.wav"),
    (Role::Hats, "Haikka.wav | Charley.wav | Chimbal.wav | Hi-hatit.wav"),
    (Role::Cymbals, "Lautaset.wav | Becken.wav | Cymbales.wav | Platillos.wav | Pratos.wav"),
    (Role::Drums, "Rummut.wav | Schlagzeug.wav | Batterie.wav | Batería.wav | Bateria.wav"),
    (Role::Percussion, "Perkussio.wav | Schellenkranz.wav | Tambourin.wav | Percusión.wav | Percussão.wav"),
    (Role::Bass, "Basso.wav | Kontrabass.wav | Basse.wav | Bajo.wav | Baixo.wav | Bassokitara.wav"),
    (
        Role::RhythmGuitar,
        "Sähkökitara.wav | Komppikitara.wav | E-Gitarre.wav | Guitare électrique.wav | \
         Guitarra eléctrica",
    ),
    (Role::LeadGuitar, "Soolokitara.wav | Sologitarre.wav | Guitare solo.wav | Guitarra principal.wav"),
    (
        Role::AcousticGuitar,
        "Akustinen kitara.wav | Akustikgitarre.wav | Guitare acoustique | Guitarra acústica | Violão.wav",
    ),
    (
        Role::Keys,
        "Koskettimet.wav | Urut.wav | Klavier.wav | Flügel.wav | Clavier.wav | Orgue | Teclados | \
         Órgão.wav",
    ),
    (Role::Pad, "Flächen.wav | Nappes.wav | Matto.wav | Colchón.wav"),
    (
        Role::Strings,
        "Jouset.wav | Viulu.wav | Streicher.wav | Geige.wav | Cordes.wav | Violonchelo | Violino.wav",
    ),
    (
        Role::Brass,
        "Vasket.wav | Käyrätorvi.wav | Blechbläser.wav | Posaune.wav | Cuivres.wav | Metales | \
         Metais.wav",
    ),
    (
        Role::Winds,
        "Huilu.wav | Saksofoni.wav | Holzbläser.wav | Flöte.wav | Hautbois.wav | Flauta.wav | Madeiras",
    ),
    (Role::Effects, "Tehosteet.wav | Effekte.wav | Effets.wav | Efectos.wav | Efeitos.wav"),
    (
        Role::LeadVocal,
        "Laulu.wav | Päälaulu.wav | Gesang.wav | Hauptstimme.wav | Voix.wav | Chant | Voz principal | \
         Voz.wav",
    ),
    (
        Role::BackingVocal,
        "Taustalaulu 2.wav | Kuoro.wav | Chor.wav | Chœurs.wav | Coros.wav | Segunda voz.wav",
    ),
    (Role::RoughMix, "Raakamiksaus.wav | Rohmix.wav | Mixage.wav | Mezcla.wav | Mixagem.wav"),
];

#[test]
fn six_languages_are_understood() {
    for (role, names) in SIX_LANGUAGES {
        let names: Vec<&str> = names.split(" | ").collect();
        check(&[(*role, &names)]);
    }
}

#[test]
fn families_of_general_midi_are_understood() {
    check(&[
        (Role::Keys, &["piano", "chromatic", "organ"]),
        (Role::Strings, &["strings", "ensemble"]),
        (Role::Winds, &["reed", "pipe"]),
        (Role::Brass, &["brass"]),
        (Role::Pad, &["pad"]),
        (Role::Percussion, &["percussion"]),
        (Role::Effects, &["fx", "sfx"]),
    ]);
}

#[test]
fn the_piece_outweighs_the_kit_that_it_is_filed_under() {
    assert_eq!(of("Drums - Kick.wav").role, Role::Kick);
    assert_eq!(of("DRUMS_OH_L.wav").role, Role::Overheads);
    assert_eq!(of("Orchestra Trumpets.wav").role, Role::Brass);
    assert_eq!(of("Vocals ref.wav").role, Role::LeadVocal, "no word makes an instrument a mix to leave out");
}

#[test]
fn decomposed_accents_read_as_composed_ones() {
    assert_eq!(of("Sa\u{308}hko\u{308}kitara.wav").role, Role::RhythmGuitar);
    assert_eq!(of("Flo\u{308}te.wav").role, Role::Winds);
}

#[test]
fn the_side_of_a_pair_is_read_from_the_name() {
    for name in ["OH L.wav", "gtrL.wav", "Vox_Dbl_Left.wav", "OHL.wav", "Kitara vasen.wav"] {
        assert_eq!(of(name).side, Some(Side::Left), "{name}");
    }
    for name in ["OH_R.wav", "GtrR.wav", "Guitare droite.wav", "EGtr-Right-2.wav"] {
        assert_eq!(of(name).side, Some(Side::Right), "{name}");
    }
    for name in ["Keys L/R.wav", "Kick.wav", "Choir.wav", "Clavier.wav"] {
        assert_eq!(of(name).side, None, "{name}");
    }
}

#[test]
fn names_that_say_nothing_give_no_role() {
    let names = [
        "Audio 01_00.wav",
        "Track 12.wav",
        "New Recording 4.m4a",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479.wav",
        "Untitled.wav",
        "stem_3.flac",
        "20240817_1412.wav",
        "bounce house of pain".split(' ').next_back().unwrap_or(""),
    ];
    for name in names {
        let guess = of(name);
        assert_eq!(guess.role, Role::Other, "{name}: {guess:?}");
        assert!(guess.certainty < Guess::CERTAINTY_MIN, "{name}: {guess:?}");
    }
}

#[test]
fn names_that_contradict_themselves_are_no_certain_lead_vocal() {
    for name in
        ["Vocoder.wav", "Vocal Chop.wav", "Vox Pad.wav", "Invoice.wav", "Vox Verb Return FX.wav", "Advocate"]
    {
        let guess = of(name);
        assert!(guess.role != Role::LeadVocal || guess.certainty < 0.9, "{name}: {guess:?}");
    }
}

#[test]
fn hostile_names_are_taken() {
    let long = "Kick".repeat(2500);
    let marks = "\u{202e}\u{200f}vaw.\u{202c}kick\u{0}";
    let names = [
        "",
        ".wav",
        "....",
        "🥁🎸.wav",
        "🥁kick🥁.wav",
        &long,
        marks,
        "../../etc/passwd",
        "l",
        "r",
        "L/R",
        "\u{308}\u{308}",
        "\u{fffd}\u{fffd}",
        "İİİ",
        "ßßß",
        "１２３",
        "キック.wav",
        "Ａ",
        "a\u{300}\u{301}b",
    ];
    for name in names {
        let guess = of(name);
        assert!((0.0..=1.0).contains(&guess.certainty), "{name:?}");
    }
    assert_eq!(of("🥁kick🥁.wav").role, Role::Kick);
    assert_eq!(of(marks).role, Role::Kick);
}
