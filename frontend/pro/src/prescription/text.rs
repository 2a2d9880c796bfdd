//! Texts of the prescription.

colloque_kit::texts! {
    /// Texts of the prescription.
    pub enum Msg {
        Lead: "Prescripteur, cabinet, patient et date viennent du dossier.", "Prescriber, practice, patient and date come from the record.";
        Replacing: "Cette ordonnance remplacera la précédente.", "This prescription will replace the one before.";
        StopReplacing: "Faire une ordonnance séparée", "Write a separate prescription";
        LineTitle: "Médicament {0}", "Medicine {0}";
        Name: "Médicament (DCI ou nom)", "Medicine (INN or name)";
        NameHint: "Amoxicilline", "Amoxicillin";
        Strength: "Dosage et forme", "Strength and form";
        StrengthHint: "500 mg, gélule", "500 mg, capsule";
        Dosage: "Posologie et mode d'emploi", "Dosage and directions";
        DosageHint: "1 gélule matin, midi et soir", "1 capsule morning, noon and evening";
        Duration: "Durée", "Duration";
        DurationHint: "7 jours", "7 days";
        Units: "Nombre de boîtes", "Number of packs";
        UnitsHint: "Si pas de durée", "If no duration";
        Refills: "Renouvellements", "Renewals";
        NoRefill: "Aucun", "None";
        RefillCount: "{0} fois", "{0} times";
        Substitution: "Substitution", "Substitution";
        SubstitutionAllowed: "Autorisée", "Allowed";
        SubstitutionMte: "Non substituable (MTE) : marge thérapeutique étroite", "Not substitutable (MTE): narrow therapeutic margin";
        SubstitutionEfg: "Non substituable (EFG) : enfant, forme galénique", "Not substitutable (EFG): child, dosage form";
        SubstitutionCif: "Non substituable (CIF) : contre-indication formelle", "Not substitutable (CIF): formal contraindication";
        AddLine: "Ajouter un médicament", "Add a medicine";
        RemoveLine: "Retirer", "Remove";
        MoveUp: "Monter", "Move up";
        MoveDown: "Descendre", "Move down";
        LineRemoved: "Médicament {0} retiré.", "Medicine {0} removed.";
        LineMoved: "Médicament déplacé en position {0}.", "Medicine moved to position {0}.";
        Details: "Poids, taille, mentions", "Weight, height, mentions";
        Weight: "Poids (kg)", "Weight (kg)";
        Height: "Taille (cm)", "Height (cm)";
        Mentions: "Mentions particulières", "Special mentions";
        Missing: "À remplir.", "To be filled in.";
        MissingCount: "À corriger avant la remise : {0}.", "To correct before issuing: {0}.";
        DurationOrUnits: "Indiquez la durée ou le nombre de boîtes.", "Give the duration or the number of packs.";
        RefusedLine: "Refusé : {0}. {1}", "Refused: {0}. {1}";
        Preview: "Relire l'ordonnance", "Read the prescription again";
        PreviewTitle: "Relire avant de remettre", "Read before issuing";
        Rpps: "RPPS {0}", "RPPS {0}";
        For: "Pour", "For";
        On: "Le {0}", "On {0}";
        During: "pendant {0}", "for {0}";
        Packs: "Boîtes : {0}", "Packs: {0}";
        Renew: "À renouveler {0} fois", "Renew {0} times";
        Count: "Médicaments prescrits : {0}", "Medicines prescribed: {0}";
        WeightIs: "Poids : {0} kg", "Weight: {0} kg";
        HeightIs: "Taille : {0} cm", "Height: {0} cm";
        BackToForm: "Corriger", "Correct";
        Issue: "Signer et remettre au patient", "Sign and issue to the patient";
        Issued: "L'ordonnance est remise au patient.", "The prescription is issued to the patient.";
        IssuedAt: "Version {0}, enregistrée à {1}.", "Version {0}, saved at {1}.";
        IssueAnother: "Nouvelle ordonnance", "New prescription";
        Correct: "Corriger cette ordonnance", "Correct this prescription";
        OpenPdf: "Ouvrir le PDF", "Open the PDF";
        NewTab: "nouvel onglet", "new tab";
        NeedsAdmission: "Faites d'abord entrer le patient : l'ordonnance se remet pendant ou après la consultation.", "Admit the patient first: a prescription is issued during or after the consultation.";
        Recovered: "L'ordonnance en cours de ce poste a été retrouvée.", "The prescription in progress on this computer was found again.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        for text in Msg::ALL {
            assert!(colloque_kit::text::places_agree(*text), "{text:?}");
        }
    }
}
