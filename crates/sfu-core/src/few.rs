/// A few values at most, without a heap; what exceeds the places is left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Few<T, const PLACES: usize> {
    values: [T; PLACES],
    count: usize,
}

impl<T: Copy + Default, const PLACES: usize> Default for Few<T, PLACES> {
    fn default() -> Self {
        Self { values: [T::default(); PLACES], count: 0 }
    }
}

impl<T: Copy + Default, const PLACES: usize> Few<T, PLACES> {
    pub(crate) fn push(&mut self, value: T) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    pub(crate) fn of(values: &[T]) -> Self {
        let mut few = Self::default();
        values.iter().for_each(|value| few.push(*value));
        few
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values[..self.count]
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.values[..self.count]
    }
}
