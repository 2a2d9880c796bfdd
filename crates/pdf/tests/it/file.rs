//! Makes documents, object by object.

/// A JPEG of 8 × 8 grey pixels.
const GREY: &[u8] = include_bytes!("grey.jpg");

/// Objects of a document, the first of which has number 1 and is its catalog.
#[derive(Default)]
pub struct File(Vec<Vec<u8>>);

impl File {
    /// A catalog, a tree of one page (numbers 1 to 3) and what it shows; `page` are further entries of the page.
    pub fn page(page: &str, draws: &str) -> Self {
        let mut file = Self::default();
        file.add("<< /Type /Catalog /Pages 2 0 R >>");
        file.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        file.add(&format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R {page} >>"));
        file.stream("", draws.as_bytes());
        file
    }

    /// Adds an object and gives its number.
    pub fn add(&mut self, object: &str) -> usize {
        self.0.push(object.as_bytes().to_vec());
        self.0.len()
    }

    /// Adds a stream and gives its number.
    pub fn stream(&mut self, entries: &str, content: &[u8]) -> usize {
        let head = format!("<< /Length {} {entries} >> stream\n", content.len());
        self.0.push([head.as_bytes(), content, b"\nendstream"].concat());
        self.0.len()
    }

    /// Puts another object in the place of one.
    pub fn replace(&mut self, number: usize, object: &str) {
        self.0[number - 1] = object.as_bytes().to_vec();
    }

    /// Writes the document; `trailer` are further entries of the trailer.
    pub fn write(&self, trailer: &str) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut offsets = Vec::new();
        for (at, object) in self.0.iter().enumerate() {
            offsets.push(bytes.len());
            bytes.extend(format!("{} 0 obj\n", at + 1).bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let start = bytes.len();
        bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
        for offset in &offsets {
            bytes.extend(format!("{offset:010} 00000 n \n").bytes());
        }
        let size = offsets.len() + 1;
        bytes.extend(format!("trailer << /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n").bytes());
        bytes
    }
}

/// A photograph with everything that cameras add.
pub fn photograph() -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).expect("a short segment").to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    };
    let added =
        [segment(0xe1, b"Exif\0\0PLANTED place"), segment(0xed, b"PLANTED preview"), segment(0xfe, b"PLANTED name")];
    [b"\xff\xd8".as_slice(), &added.concat(), &GREY[2..], b"PLANTED trailer of a telephone"].concat()
}

pub fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}
