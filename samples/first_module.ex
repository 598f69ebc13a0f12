# The smallest Elixir sample: mybeam run output_files/Elixir.FirstModule.beam first_func
defmodule FirstModule do
  # Needs nothing of Elixir's library.
  def first_func do
    "Hello from Elixir"
  end

  def add(a, b), do: a + b

  def sum([]), do: 0
  def sum([h | t]), do: h + sum(t)
end
