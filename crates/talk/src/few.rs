//! A map of few keys: a list. A tree's code is a sixth of what a telephone would load.

/// See the module.
#[derive(Debug)]
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> FromIterator<(K, V)> for Few<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(list: T) -> Self {
        Self(list.into_iter().collect())
    }
}

impl<K: Copy + PartialEq, V> Few<K, V> {
    pub fn get(&self, key: K) -> Option<&V> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.0.iter_mut().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    pub fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let at = self.0.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.0.push((key, V::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    pub fn insert(&mut self, key: K, value: V) {
        self.remove(key);
        self.0.push((key, value));
    }

    pub fn remove(&mut self, key: K) {
        self.0.retain(|(known, _)| *known != key);
    }

    pub fn keep(&mut self, is_kept: impl Fn(K) -> bool) {
        self.0.retain(|(key, _)| is_kept(*key));
    }

    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }
}
